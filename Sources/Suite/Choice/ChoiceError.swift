/// Why no choice could be made.
public enum ChoiceError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Every alternative of a facet was rejected.
  case noAlternativeLeft(facet: String, rejected: [RejectedAlternative])
  /// The alternative that the caller named was rejected.
  case forcedAlternativeRejected(facet: String, rejected: [RejectedAlternative])
  /// The caller named a facet that is not there.
  case unknownFacet(String, known: [String])
  /// The caller named an alternative that its facet does not have.
  case unknownAlternative(String, facet: String, known: [String])
  /// A postmerge script rejected what was chosen.
  case rejected(by: Rejection, facets: [FacetChoice])
  /// Fragments clash or are malformed, or a script failed.
  case merge(MergeError)

  public var description: String {
    switch self {
    case .noAlternativeLeft(let facet, let rejected):
      (["no alternative for '\(facet)' is left:"] + rejected.map { "  \($0)" }).joined(separator: "\n")
    case .forcedAlternativeRejected(let facet, let rejected):
      "'\(facet)' cannot be what was asked for: \(rejected.map(\.description).joined(separator: "; "))"
    case .unknownFacet(let name, let known):
      "there is no choice of '\(name)'; there are: \(known.joined(separator: ", "))"
    case .unknownAlternative(let name, let facet, let known):
      "'\(facet)' has no alternative '\(name)'; there are: \(known.joined(separator: ", "))"
    case .rejected(let rejection, let facets):
      (["the choice is rejected by \(rejection)"] + facets.map { "  \($0.facet): \($0.chosen.name)" })
        .joined(separator: "\n")
    case .merge(let error): error.description
    }
  }
}
