/// Where a scalar of a text stands, to name lines of a script inside a YAML file.
struct ScalarLocation {
  /// The line of the file, counted from 1, on which the scalar's own first line stands.
  let firstLine: Int

  /// Finds the scalar under a path of string keys and places.
  /// - Parameters:
  ///   - path: the keys from the root, such as `teuthology`, `premerge`; of an item of a sequence its place from 0.
  ///   - text: a YAML text that was read without an error before.
  /// - Returns: nil when there is no such scalar, it comes from an alias or a merge key, or its lines are not the
  ///   file's (a folded scalar, a quoted one over several lines).
  init?(of path: [String], in text: String) {
    guard let stream = try? EventStream(text, file: ""), let line = try? Self.line(of: path, in: stream) else {
      return nil
    }
    firstLine = line
  }

  private static func line(of path: [String], in stream: EventStream) throws(YAMLError) -> Int? {
    // The keys and places on the way to the present node; nil for keys that are no scalars.
    var way: [String?] = []
    // For each open collection: nil for a sequence, else whether a key comes next.
    var open: [Bool?] = []
    var found: Int?
    while true {
      let event = try stream.next()
      let isKey = open.last == .some(true)
      switch event.kind {
      case .streamEnd: return found
      case .streamStart, .documentStart, .documentEnd: continue
      case .sequenceStart:
        open.append(nil)
        way.append("0")
        continue
      case .mappingStart:
        open.append(true)
        way.append(nil)
        continue
      case .sequenceEnd, .mappingEnd:
        open.removeLast()
        way.removeLast()
      case .scalar(let scalar) where isKey:
        way[way.count - 1] = scalar.text
      case .scalar(let scalar):
        // The last one counts, as its value does.
        if way.elementsEqual(path.map(Optional.some)) { found = firstLine(of: scalar, at: event.mark) }
      case .alias: break
      }
      // A key was read, or a value.
      if let expectsKey = open.last {
        if let expectsKey {
          open[open.count - 1] = !expectsKey
        } else {
          way[way.count - 1] = way[way.count - 1].flatMap { Int($0) }.map { String($0 + 1) }
        }
      }
    }
  }

  private static func firstLine(of scalar: YAMLScalar, at mark: YAMLMark) -> Int? {
    switch scalar.style {
    case .literal: mark.line + 1
    case .plain, .quoted: scalar.text.utf8.contains(UInt8(ascii: "\n")) ? nil : mark.line
    case .folded: nil
    }
  }
}
