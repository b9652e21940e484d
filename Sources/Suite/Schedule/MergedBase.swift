extension FragmentMerge {
  /// What jobs begin with, as scripts have left it.
  /// - Throws: `ObjectTextError` when it holds itself.
  public func baseValue() throws(ObjectTextError) -> YAMLMapping {
    guard let value = heap.value(of: context.baseConfig) else { throw .tooDeep }
    return value.mapping ?? [:]
  }
}
