extension FragmentMerge {
  /// All postmerge scripts as the one text that runs.
  func postmergeScript() throws(MergeError) -> ScriptText {
    guard let section = heap.value(context.yaml, for: "teuthology") else { return ScriptText(text: "") }
    func malformed(_ place: String, _ expected: String, _ found: Object) -> MergeError {
      .malformed(fragment: "the merged job", place: place, expected: expected, found: found.kind)
    }
    guard section.tag == .dict else { throw malformed("teuthology", "a mapping", section) }
    guard let list = heap.value(section, for: "postmerge") else { return ScriptText(text: "") }
    guard list.tag == .list || list.tag == .tuple else { throw malformed("teuthology.postmerge", "a sequence", list) }
    let count = heap.count(list)
    if count == 0 { return ScriptText(text: "") }
    var ids: [UInt32] = []
    ids.reserveCapacity(count)
    for place in 0..<count {
      let item = heap.item(list, at: place)
      guard item.tag == .text else {
        let origin = origins(ofPostmerge: list)[place].map { path($0.fragment) }
        throw .malformed(
          fragment: origin ?? "the merged job", place: "teuthology.postmerge[\(place)]", expected: "a text",
          found: item.kind)
      }
      ids.append(item.id)
    }
    func text() -> String { ids.map { heap.texts.string($0) }.joined(separator: "\n") }
    return ids.allSatisfy(heap.texts.isKept) ? joined(ids, text()) : ScriptText(text: text())
  }
}
