/// Merges a value into another, exactly as teuthology's `deep_merge(a, b)` does.
///
/// A null on the right changes nothing, a null on the left takes the right. Sequences append (without removing doubles),
/// mappings merge key by key and keep the order of the left one, and a scalar is replaced by whatever comes. A sequence
/// or mapping on the left takes only its own kind: anything else is a clash. Where teuthology then shares objects
/// between its two arguments, here each keeps its own.
///
/// - Parameters:
///   - target: what is merged into. After an error it holds what was merged up to there.
///   - source: what is merged.
/// - Throws: `DeepMergeError` with the path of the clash, where teuthology fails an assertion.
public func deepMerge(into target: inout YAMLValue, from source: YAMLValue) throws(DeepMergeError) {
  switch source {
  case .null: return

  case _ where target.isNull:
    try checkIntoNull(source)
    target = source

  case .sequence(let more):
    guard var items = target.takeSequence() else { return try replace(&target, by: source) }
    items.append(contentsOf: more)
    target = .sequence(items)

  case .mapping(let other):
    guard var mapping = target.takeMapping() else { return try replace(&target, by: source) }
    defer { target = .mapping(mapping) }
    for (key, value) in other {
      do throws(DeepMergeError) {
        try mapping.update(key) { (present: inout YAMLValue) throws(DeepMergeError) in
          try deepMerge(into: &present, from: value)
        }
      } catch {
        throw error.within(key)
      }
    }

  default: try replace(&target, by: source)
  }
}

/// Only a scalar can be replaced.
private func replace(_ target: inout YAMLValue, by source: YAMLValue) throws(DeepMergeError) {
  switch target {
  case .sequence, .mapping:
    throw DeepMergeError(problem: .clash(present: target.kind, incoming: source.kind))
  default: target = source
  }
}

/// Taking leaves null behind, so that what is taken has one owner and is changed in its place: a switch over the value
/// would hold on to it, and each change would copy the whole.
extension YAMLValue {
  fileprivate mutating func takeSequence() -> [YAMLValue]? {
    guard case .sequence(let items) = self else { return nil }
    self = .null
    return items
  }

  fileprivate mutating func takeMapping() -> YAMLMapping? {
    guard case .mapping(let mapping) = self else { return nil }
    self = .null
    return mapping
  }
}

/// A null takes a value by merging it into an empty one of its type, which Python has none of for dates.
private func checkIntoNull(_ source: YAMLValue) throws(DeepMergeError) {
  switch source {
  case .timestamp:
    throw DeepMergeError(problem: .timestampIntoNull(kind: source.kind))
  case .mapping(let mapping):
    for (key, value) in mapping {
      do throws(DeepMergeError) {
        try checkIntoNull(value)
      } catch {
        throw error.within(key)
      }
    }
  default: return
  }
}

/// Two values that do not merge, and where they stand.
public struct DeepMergeError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Why they do not merge.
  public enum Problem: Sendable, Equatable {
    /// A sequence or mapping that meets another kind.
    case clash(present: String, incoming: String)
    /// A date or timestamp under a key that is missing or null, which teuthology cannot merge (it can replace another
    /// scalar by one).
    case timestampIntoNull(kind: String)
  }

  /// Why the values do not merge.
  public let problem: Problem
  /// The keys from the root to the values; empty for the root itself.
  public private(set) var path: [YAMLValue] = []

  init(problem: Problem) { self.problem = problem }

  func within(_ key: YAMLValue) -> DeepMergeError {
    var error = self
    error.path.insert(key, at: 0)
    return error
  }

  /// The path as text, such as `tasks.install`; `the top level` for the root.
  public var pathText: String {
    if path.isEmpty { return "the top level" }
    return path.map { $0.string ?? $0.json() }.joined(separator: ".")
  }

  public var description: String {
    switch problem {
    case .clash(let present, let incoming): "\(pathText): cannot merge \(incoming) into \(present)"
    case .timestampIntoNull(let kind): "\(pathText): cannot add a \(kind); quote it to make it a string"
    }
  }
}
