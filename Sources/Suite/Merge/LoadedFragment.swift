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

  var content: Content
  var premerge: ScriptText?
  /// The path as it was given, and as filters and scripts see it.
  let path: Object
  let basePath: Object
  /// The job that has it.
  var job: UInt32 = 0

  init(path: String, text: String, heap: ObjectHeap, number: (Object) -> ScriptText) {
    self.path = heap.text(path)
    basePath = heap.text(Self.basePath(path))
    content = .empty
    do throws(YAMLError) {
      let root = try YAMLReader().read(text, file: path, into: heap, template: heap.addFile())
      take(root, path, heap, number)
    } catch {
      content = .broken(.unreadable(.yaml(error)))
    }
  }

  init(path: String, broken: MergeError, heap: ObjectHeap) {
    self.path = heap.text(path)
    basePath = heap.text(Self.basePath(path))
    content = .broken(broken)
  }

  /// Takes the premerge script out, as `fragment.get('teuthology', {}).pop('premerge', '')` does.
  private func take(_ root: Object, _ path: String, _ heap: ObjectHeap, _ number: (Object) -> ScriptText) {
    func malformed(_ place: String, _ expected: String, _ found: Object) -> Content {
      .broken(.malformed(fragment: path, place: place, expected: expected, found: found.kind))
    }
    if root.isNone { return }
    guard root.tag == .dict else {
      content = malformed("the top level", "a mapping", root)
      return
    }
    content = .dict(root)
    guard let section = heap.value(root, for: "teuthology") else { return }
    guard section.tag == .dict else {
      content = malformed("teuthology", "a mapping", section)
      return
    }
    guard let script = heap.removeValue(from: section, for: heap.text("premerge")), heap.isTrue(script) else { return }
    guard script.tag == .text else {
      content = malformed("teuthology.premerge", "a text", script)
      return
    }
    premerge = number(script)
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
