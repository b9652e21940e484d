/// A value of a merged configuration, and where it comes from.
public struct ValueOrigin: Sendable, Equatable {
  /// The keys from the root; of an item of a list its place from 0.
  public let path: [String]
  /// A scalar, or an empty list or mapping.
  public let value: YAMLValue
  /// The fragment whose merge or script gave it; what the caller calls the base when it was there before.
  public let origin: String

  /// The path as text: `tasks.0.install`.
  public var pathText: String { path.joined(separator: ".") }
}

extension MergeTrace {
  /// Where each value of the job's configuration comes from, in the order of the configuration. A list's items come from
  /// whoever appended them.
  /// - Parameters:
  ///   - configuration: the job's.
  ///   - base: what to call the configuration that the merge began with.
  public func origins(of configuration: YAMLValue, base: String) -> [ValueOrigin] {
    let root = OriginTree()
    root.origin = base
    for step in steps {
      guard case .merged(let changes) = step.result else { continue }
      for change in changes { root.note(change, by: step.path) }
    }
    var found: [ValueOrigin] = []
    root.collect(configuration, [], base, &found)
    return found
  }
}

/// Who wrote what, by key.
private final class OriginTree {
  var origin: String?
  private var children: [String: OriginTree] = [:]
  private var appended: [(origin: String, count: Int)] = []

  func note(_ change: MergeRecord.Change, by origin: String) {
    var node = self
    for key in change.path {
      let child = node.children[key] ?? OriginTree()
      node.children[key] = child
      node = child
    }
    if case .appended(let count) = change.action {
      node.appended.append((origin, count))
    } else {
      node.origin = origin
      node.children = [:]
      node.appended = []
    }
  }

  func collect(_ value: YAMLValue, _ path: [String], _ inherited: String, _ found: inout [ValueOrigin]) {
    let origin = origin ?? inherited
    switch value {
    case .mapping(let mapping) where !mapping.isEmpty:
      for (key, item) in mapping {
        let name = key.string ?? key.json()
        Self.collect(item, path + [name], origin, children[name], &found)
      }
    case .sequence(let items) where !items.isEmpty:
      var origins = appended.flatMap { Array(repeating: $0.origin, count: $0.count) }
      origins = Array(repeating: origin, count: max(0, items.count - origins.count)) + origins.suffix(items.count)
      for (place, item) in items.enumerated() {
        Self.collect(item, path + [String(place)], origins[place], nil, &found)
      }
    default: found.append(ValueOrigin(path: path, value: value, origin: origin))
    }
  }

  private static func collect(
    _ value: YAMLValue, _ path: [String], _ inherited: String, _ tree: OriginTree?, _ found: inout [ValueOrigin]
  ) {
    (tree ?? OriginTree()).collect(value, path, inherited, &found)
  }
}

extension MergeRecord.Change {
  /// What a script changed, by what was there before it and after it.
  static func between(_ old: YAMLValue, _ new: YAMLValue, at path: [String] = []) -> [MergeRecord.Change] {
    switch (old, new) {
    case (.mapping(let before), .mapping(let after)):
      var changes: [MergeRecord.Change] = []
      for (key, value) in after {
        let path = path + [key.string ?? key.json()]
        if let present = before[key] {
          changes += between(present, value, at: path)
        } else {
          changes.append(MergeRecord.Change(path: path, action: .added))
        }
      }
      for (key, _) in before where after[key] == nil {
        changes.append(MergeRecord.Change(path: path + [key.string ?? key.json()], action: .removed))
      }
      return changes
    case (.sequence(let before), .sequence(let after))
    where after.count > before.count && Array(after.prefix(before.count)) == before:
      return [MergeRecord.Change(path: path, action: .appended(after.count - before.count))]
    default:
      if old == new { return [] }
      let text = old.json()
      return [
        MergeRecord.Change(path: path, action: .replaced(text.utf8.count > 60 ? text.prefix(57) + "..." : text))
      ]
    }
  }
}
