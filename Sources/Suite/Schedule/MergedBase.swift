extension FragmentMerge {
  /// What jobs begin with, as scripts have left it.
  /// - Throws: `ObjectTextError` when it holds itself, or is without end.
  public func baseValue() throws(ObjectTextError) -> YAMLMapping {
    try heap.value(of: context.baseConfig).mapping ?? [:]
  }
}
