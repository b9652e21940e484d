extension ObjectHeap {
  /// Merges an object into another, as teuthology's `deep_merge(a, b)`.
  ///
  /// None on the right changes nothing, None on the left takes the right: lists and dicts that are reached through keys
  /// only are made anew, all else is shared with the right. Lists append (without removing doubles), dicts merge key by
  /// key and keep the order of the left one, and a scalar is replaced by whatever comes. A list or dict on the left takes
  /// only its own kind: anything else is a clash.
  ///
  /// - Parameters:
  ///   - target: what is merged into. After an error it holds what was merged up to there.
  ///   - source: what is merged.
  ///   - record: notes what changes where; nil to go without.
  /// - Returns: what Python's function returns: the target, or what takes its place.
  /// - Throws: `DeepMergeError` with the path of the clash, where teuthology fails an assertion.
  @discardableResult
  public func deepMerge(
    into target: Object, from source: Object, record: MergeRecord? = nil
  ) throws(DeepMergeError) -> Object {
    try merge(target, source, record, 0)
  }

  private func merge(
    _ target: Object, _ source: Object, _ record: MergeRecord?, _ depth: Int
  ) throws(DeepMergeError) -> Object {
    switch (target.tag, source.tag) {
    case (_, .none): return target

    case (.none, .date), (.none, .datetime): throw DeepMergeError(problem: .timestampIntoNull(kind: source.kind))
    case (.none, .list):
      record?.added(source)
      return copy(source, as: .list)
    case (.none, .dict):
      record?.added(source)
      let made = makeDict(capacity: count(source))
      try mergePairs(made, source, nil, depth)
      return made
    case (.none, _):
      record?.added(source)
      return source

    case (.list, .list):
      let target = own(target)
      record?.appended(count(source))
      extend(target, by: source)
      return target
    case (.dict, .dict):
      let target = own(target)
      try mergePairs(target, source, record, depth)
      return target
    case (.list, _), (.dict, _):
      throw DeepMergeError(problem: .clash(present: target.kind, incoming: source.kind))

    default:
      record?.replaced(target, by: source)
      return source
    }
  }

  private func mergePairs(
    _ target: Object, _ source: Object, _ record: MergeRecord?, _ depth: Int
  ) throws(DeepMergeError) {
    guard depth < Self.depthLimit else { throw DeepMergeError(problem: .tooDeep) }
    let count = count(source)
    work += count + 1
    guard excess == nil else { throw DeepMergeError(problem: .tooLarge) }
    // A script can merge a part of a dict into the whole of it.
    let isFresh = self.count(target) == 0
    for place in 0..<count {
      let pair = node(source).pointee.items + place * 2
      let (key, value) = (pair[0], pair[1])
      if !isFresh, let at = self.place(of: key, in: node(target)) {
        let present = node(target).pointee.items[at * 2 + 1]
        if value.isNone { continue }
        record?.enter(key)
        let merged = try inside(key) { () throws(DeepMergeError) in try merge(present, value, record, depth + 1) }
        record?.leave()
        // The place can be another one when the merge reached this very dict.
        if merged.bits != present.bits || merged.tag != present.tag { set(merged, in: target, for: key) }
      } else {
        if value.isContainer || record != nil || value.tag == .date || value.tag == .datetime {
          record?.enter(key)
          let merged = try inside(key) { () throws(DeepMergeError) in try merge(.none, value, record, depth + 1) }
          if value.isNone { record?.added(.none) }
          record?.leave()
          if isFresh { add(key, merged, to: target) } else { set(merged, in: target, for: key) }
        } else {
          add(key, value, to: target)
        }
      }
      guard self.count(source) == count else { throw DeepMergeError(problem: .changedWhileRead) }
    }
  }

  private func inside(
    _ key: Object, _ body: () throws(DeepMergeError) -> Object
  ) throws(DeepMergeError) -> Object {
    do throws(DeepMergeError) { return try body() } catch {
      throw error.within((try? value(of: key)) ?? .null)
    }
  }
}

/// Two objects that do not merge, and where they stand.
public struct DeepMergeError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Why they do not merge.
  public enum Problem: Sendable, Equatable {
    /// A sequence or mapping that meets another kind: teuthology's AssertionError.
    case clash(present: String, incoming: String)
    /// A date or timestamp under a key that is missing or null, which teuthology cannot merge (it can replace another
    /// scalar by one): a TypeError there.
    case timestampIntoNull(kind: String)
    /// A mapping grew while it was merged, as one does that is merged into what holds it: a RuntimeError.
    case changedWhileRead
    /// Mappings that nest deeper than Python goes, chiefly one that holds itself: a RecursionError.
    case tooDeep
    /// Parts that are shared so often that the merge, which copies them each time, has no end worth waiting for.
    case tooLarge
  }

  /// Why the values do not merge.
  public let problem: Problem
  /// The keys from the root to the values; empty for the root itself.
  public private(set) var path: [YAMLValue] = []

  init(problem: Problem) { self.problem = problem }

  func within(_ key: YAMLValue) -> DeepMergeError {
    // Of an endless path a few steps say enough.
    if problem == .tooDeep || problem == .tooLarge, path.count > 8 { return self }
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
    case .changedWhileRead: "\(pathText): the mapping changes while it is merged"
    case .tooLarge: "\(pathText): too large to be merged: parts of it are shared too often"
    case .tooDeep: "\(pathText): nests too deep to be merged, or holds itself"
    }
  }
}
