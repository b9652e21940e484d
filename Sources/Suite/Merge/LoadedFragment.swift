/// A fragment's file as the merge keeps it: read once, as templates.
final class LoadedFragment {
  enum Content {
    /// The file says nothing; its name still counts.
    case empty
    /// The root without its premerge script.
    case dict(Object)
    /// What is wrong with it; said when a job comes to it.
    case broken(MergeError)
  }

  let content: Content
  let premerge: ScriptText?
  /// The path as it was given, and as filters and scripts see it.
  let path: Object
  let basePath: Object
  /// The job that has it.
  var job: UInt32 = 0

  init(path: String, text: String, heap: ObjectHeap, number: (Object) -> ScriptText) {
    self.path = heap.text(path)
    basePath = heap.text(Self.basePath(path))
    let read: (content: Content, premerge: ScriptText?)
    do throws(YAMLError) {
      let root = try YAMLReader().read(text, file: path, into: heap, template: heap.addFile())
      read = Self.take(root, path, heap, number)
    } catch {
      read = (.broken(.unreadable(.yaml(error))), nil)
    }
    (content, premerge) = read
  }

  init(path: String, broken: MergeError, heap: ObjectHeap) {
    self.path = heap.text(path)
    basePath = heap.text(Self.basePath(path))
    content = .broken(broken)
    premerge = nil
  }

  /// Takes the premerge script out, as `fragment.get('teuthology', {}).pop('premerge', '')` does.
  private static func take(
    _ root: Object, _ path: String, _ heap: ObjectHeap, _ number: (Object) -> ScriptText
  ) -> (content: Content, premerge: ScriptText?) {
    func malformed(_ place: String, _ expected: String, _ found: Object) -> (Content, ScriptText?) {
      (.broken(.malformed(fragment: path, place: place, expected: expected, found: found.kind)), nil)
    }
    if root.isNone { return (.empty, nil) }
    guard root.tag == .dict else { return malformed("the top level", "a mapping", root) }
    guard let section = heap.value(root, for: "teuthology") else { return (.dict(root), nil) }
    guard section.tag == .dict else { return malformed("teuthology", "a mapping", section) }
    guard let script = heap.removeValue(from: section, for: heap.text("premerge")), heap.isTrue(script) else {
      return (.dict(root), nil)
    }
    guard script.tag == .text else { return malformed("teuthology.premerge", "a text", script) }
    return (.dict(root), number(script))
  }

  /// What follows `/suites/` in a path, or all when it has no such part or begins with it.
  static func basePath(_ path: String) -> String {
    let mark = Array("/suites/".utf8)
    let bytes = Array(path.utf8)
    guard bytes.count > mark.count,
      let start = (0...bytes.count - mark.count).first(where: { bytes[$0...].starts(with: mark) }), start > 0
    else { return path }
    return String(decoding: bytes[(start + mark.count)...], as: UTF8.self)
  }
}
