// Which file, and which line of it, a script's line comes from; looked up only when somebody asks.
extension FragmentMerge {
  /// A fragment and the place of an item in its `teuthology.postmerge`.
  struct Origin {
    var fragment: Int32
    var item: Int
  }

  /// For each postmerge script of the job the fragment that it came from. Scripts can change the list; what no fragment
  /// has comes from nowhere.
  func origins(ofPostmerge list: Object) -> [Origin?] {
    var candidates: [(text: UInt32, origin: Origin)] = []
    for number in usedFragments {
      guard let text = try? Fragment.text(of: self, number), let value = try? YAMLValue(yaml: text),
        let items = value["teuthology"]?["postmerge"]?.sequence
      else { continue }
      for (place, item) in items.enumerated() {
        candidates.append(
          (heap.scalar(item).tag == .text ? heap.scalar(item).id : 0, Origin(fragment: number, item: place)))
      }
    }
    var next = 0
    return (0..<heap.count(list)).map { place in
      let item = heap.item(list, at: place)
      let id = item.tag == .text ? item.id : 0
      // In order as they were merged; what was moved is looked for everywhere.
      let found =
        candidates[next...].firstIndex { $0.text == id } ?? candidates.firstIndex { $0.text == id }
      guard let found else { return nil }
      next = max(next, found + 1)
      return candidates[found].origin
    }
  }

  /// The fragment and its file's line of a line of the joined postmerge script.
  func place(ofPostmergeLine line: Int?) -> (fragment: String, line: Int?)? {
    guard var line, let section = heap.value(yaml, for: "teuthology"), section.tag == .dict,
      let list = heap.value(section, for: "postmerge"), list.tag == .list || list.tag == .tuple
    else { return nil }
    let origins = origins(ofPostmerge: list)
    for place in 0..<heap.count(list) {
      let item = heap.item(list, at: place)
      let lines = item.tag == .text ? heap.bytes(of: item).count { $0 == UInt8(ascii: "\n") } + 1 : 1
      if line <= lines {
        guard let origin = origins[place] else { return nil }
        let way = ["teuthology", "postmerge", String(origin.item)]
        return (path(origin.fragment), fileLine(line, of: way, in: origin.fragment))
      }
      line -= lines
    }
    return nil
  }

  /// The line of a fragment's file on which a script's line stands.
  private func fileLine(_ line: Int?, of way: [String], in fragment: Int32) -> Int? {
    guard let line, let text = try? Fragment.text(of: self, fragment) else { return nil }
    return ScalarLocation(of: way, in: text).map { $0.firstLine + line - 1 }
  }

  func explain(_ rejection: RawRejection, _ stage: MergeStage, fragment: Int32?) -> Rejection {
    var result = Rejection(stage: stage, line: rejection.line, reason: rejection.reason)
    if let fragment {
      result.fragment = path(fragment)
      result.fileLine = fileLine(rejection.line, of: ["teuthology", "premerge"], in: fragment)
    } else if let place = place(ofPostmergeLine: rejection.line) {
      result.fragment = place.fragment
      result.fileLine = place.line
    }
    result.isFilter = rejection.isFilter
    result.source = sourceLine(rejection.line, of: rejection.script?.text ?? "")
    return result
  }

  func placed(_ failure: ScriptFailure, premerge fragment: Int32) -> ScriptFailure {
    var failure = failure
    failure.fragment = failure.fragment ?? path(fragment)
    failure.fileLine = failure.fileLine ?? fileLine(failure.line, of: ["teuthology", "premerge"], in: fragment)
    return failure
  }

  func placed(_ failure: ScriptFailure, postmerge script: ScriptText) -> ScriptFailure {
    var failure = failure
    if failure.fragment == nil, let place = place(ofPostmergeLine: failure.line) {
      failure.fragment = place.fragment
      failure.fileLine = place.line
    }
    return failure
  }
}

/// A line of a script without the blanks around it; nil when there is no such line.
private func sourceLine(_ line: Int?, of script: String) -> String? {
  let lines = script.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  guard let line, lines.indices.contains(line - 1) else { return nil }
  let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
  var text = lines[line - 1].drop(while: isBlank)
  while let last = text.last, isBlank(last) { text.removeLast() }
  return String(Substring(text))
}
