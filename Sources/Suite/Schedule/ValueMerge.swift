extension YAMLValue {
  /// What teuthology's `deep_merge` makes of two values: sequences append, mappings merge key by key, a scalar gives way,
  /// and null changes nothing.
  /// - Throws: `DeepMergeError` with the path of the clash, where teuthology fails an assertion.
  public func deepMerged(with other: YAMLValue) throws(DeepMergeError) -> YAMLValue {
    switch (self, other) {
    case (_, .null): return self
    case (.null, .timestamp): throw DeepMergeError(problem: .timestampIntoNull(kind: other.kind))
    case (.null, .mapping): return try YAMLValue.mapping([:]).deepMerged(with: other)
    case (.sequence(let left), .sequence(let right)): return .sequence(left + right)
    case (.mapping(var left), .mapping(let right)):
      for (key, value) in right {
        do throws(DeepMergeError) {
          left[key] = try (left[key] ?? .null).deepMerged(with: value)
        } catch {
          throw error.within(key)
        }
      }
      return .mapping(left)
    case (.sequence, _), (.mapping, _):
      throw DeepMergeError(problem: .clash(present: kind, incoming: other.kind))
    default: return other
    }
  }
}

extension YAMLMapping {
  /// Sets a key wherever the other mapping has it, at every level that both have: teuthology's `update_key`.
  /// - Parameter addsIt: whether also where this mapping does not have it.
  mutating func updateKey(_ name: String, from other: YAMLMapping, addsIt: Bool) {
    for (key, value) in other {
      if key == .string(name) {
        if addsIt || self[key] != nil { self[key] = value }
      } else if let theirs = value.mapping, var ours = self[key]?.mapping {
        ours.updateKey(name, from: theirs, addsIt: addsIt)
        self[key] = .mapping(ours)
      }
    }
  }
}
