/// A YAML file that is merged with others into one configuration.
///
/// It may carry a `teuthology.premerge` script, which decides whether it is merged and may change it, and
/// `teuthology.postmerge` scripts, which run when all is merged.
public struct Fragment: Sendable, Equatable {
  /// Where it comes from: errors and `teuthology.fragments_dropped` name it so.
  public let path: String
  /// Its place in the tree of fragments, such as `accel/10-kvm.yaml`: it decides order and facet.
  public let name: String
  /// What it says, as YAML.
  public let text: String

  /// Reads a fragment from its text.
  /// - Parameters:
  ///   - path: where the text comes from.
  ///   - name: its place in the tree of fragments; the path when there is no other.
  ///   - text: the YAML.
  /// - Throws: `YAMLError` with the place of a mistake.
  public init(path: String, name: String? = nil, text: String) throws(YAMLError) {
    self.path = path
    self.name = name ?? path
    self.text = text
    _ = try YAMLValue(yaml: text, file: path)
  }

  /// A fragment of a value that is there already.
  /// - Parameters:
  ///   - path: what to call it.
  ///   - name: its place in the tree of fragments; the path when there is no other.
  ///   - value: what it says.
  public init(path: String, name: String? = nil, value: YAMLValue) {
    self.path = path
    self.name = name ?? path
    text = value.yaml
  }

  /// Whether it comes before another, as teuthology sorts: by path segments, so `a/x.yaml` before `a.yaml`, and in each
  /// by code points.
  public func precedes(_ other: Fragment) -> Bool {
    let left = name.split(separator: "/")
    let right = other.name.split(separator: "/")
    return left.lexicographicallyPrecedes(right) { String($0).precedesByCodePoints(String($1)) }
  }
}
