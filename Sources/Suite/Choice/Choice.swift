/// Merges a tree of fragments in which each folder is a choice: the first of its alternatives that is not rejected.
///
/// A folder such as `accel/` with `10-kvm.yaml` and `20-tcg.yaml` is a facet. Its alternatives are tried in the order of
/// their names; the first whose premerge script accepts is merged, and the rest are not looked at. A fragment in no
/// folder is always merged, unless its own premerge rejects it. Facets and such fragments take their turns by name, so
/// scripts of a later one see what an earlier one chose. Of fragments with the same name the last given one counts,
/// which is how a team's folder overrides one of ours.
///
/// The merge itself is `FragmentMerge`, and leaves the same `teuthology.fragments_dropped` behind. A choice is not taken
/// back when a postmerge script rejects the whole: that is an error.
///
/// - Parameters:
///   - fragments: the fragments; their order counts only where one overrides another.
///   - base: the configuration to begin with.
///   - over: what is merged over what was chosen, in this order, before the postmerge scripts run.
///   - scripts: runs the fragments' scripts.
///   - forced: for a facet's name the name of the alternative to take, as `["accel": "kvm"]`; no other is tried then.
///     `kvm`, `10-kvm` and `10-kvm.yaml` all name `10-kvm.yaml`.
///   - globals: further globals for the scripts.
/// - Returns: the configuration, and for each facet what was chosen and why not another.
/// - Throws: `ChoiceError` when a forced name is unknown or its alternative is rejected, a facet has no alternative
///   left, a postmerge script rejects the whole, or the merge fails.
public func choose(
  fragments: [Fragment], base: YAMLValue, over: [Fragment] = [], scripts: any FragmentScripts,
  forced: [String: String] = [:], globals: [String: YAMLValue] = [:]
) throws(ChoiceError) -> Choice {
  let turns = Turn.inOrder(of: fragments)
  try Turn.check(forced, against: turns)
  let merge: FragmentMerge
  do throws(MergeError) {
    merge = try FragmentMerge(MergeSetup(base: base, globals: globals), scripts: scripts)
    merge.trace = MergeTrace(for: merge)
    let all = (turns.flatMap(\.fragments) + over).map { merge.add(path: $0.path, text: $0.text) }
    try merge.begin(text: [], fragments: all)
  } catch {
    throw .merge(error)
  }

  var facets: [FacetChoice] = []
  var first = 0
  for turn in turns {
    if let facet = try turn.take(merge, from: first, forced: turn.facet.flatMap { forced[$0] }) {
      facets.append(facet)
    }
    first += turn.fragments.count
  }

  let isAccepted: Bool
  do throws(MergeError) {
    for place in over.indices { _ = try merge.take(first + place) }
    isAccepted = try merge.finish()
  } catch {
    throw .merge(error)
  }
  if !isAccepted, let rejection = merge.rejection { throw .rejected(by: rejection, facets: facets) }
  let value: YAMLValue
  do throws(ObjectTextError) { value = try merge.value() } catch { throw .merge(.unwritable(error)) }
  return Choice(
    yaml: value, facets: facets, used: merge.usedFragments.map(merge.path), dropped: merge.droppedFragments,
    origins: merge.trace?.origins(of: value, base: "the base configuration") ?? [])
}

/// A merged configuration, and how its facets were decided.
public struct Choice: Sendable, Equatable {
  /// The configuration.
  public let yaml: YAMLValue
  /// The facets in the order they were decided.
  public let facets: [FacetChoice]
  /// The paths of all fragments merged, of facets or not, in order.
  public let used: [String]
  /// All rejections, of facets or not, in order.
  public let dropped: [Rejection]
  /// Where each value of the configuration comes from.
  public let origins: [ValueOrigin]

  /// What was chosen in a facet, or nil when there is no such facet.
  public subscript(facet: String) -> FacetChoice? {
    facets.first { $0.facet == facet }
  }

  /// The choices for a person to read, one facet on a line and under it each rejected alternative with its reason.
  public var explanation: String {
    facets.map(\.description).joined(separator: "\n")
  }
}

/// How one facet was decided.
public struct FacetChoice: Sendable, Equatable, CustomStringConvertible {
  /// The facet's name: its folder, such as `accel`.
  public let facet: String
  /// The alternative that was taken.
  public let chosen: Alternative
  /// The alternatives tried before it, in order.
  public let rejected: [RejectedAlternative]
  /// Whether the caller named the alternative.
  public let isForced: Bool

  public var description: String {
    let head = "\(facet): \(chosen.name)\(isForced ? " (as asked)" : "") from \(chosen.path)"
    return ([head] + rejected.map { "  not \($0)" }).joined(separator: "\n")
  }
}

/// A fragment among the alternatives of a facet.
public struct Alternative: Sendable, Equatable {
  /// Its name: of `accel/10-kvm.yaml` that is `kvm`.
  public let name: String
  /// The path of its fragment.
  public let path: String

  init(_ fragment: Fragment) {
    name = Self.names(of: fragment)[0]
    path = fragment.path
  }

  /// The names it answers to, the short one first.
  static func names(of fragment: Fragment) -> [String] {
    let file = fragment.name.split(separator: "/").last.map(String.init) ?? fragment.name
    let stem = file.hasSuffix(".yaml") ? String(file.dropLast(5)) : file
    let unnumbered = stem.drop { $0.isASCII && $0.isNumber }
    // Only a number before a dash is for the order: "9p" is a name.
    let isNumbered = unnumbered.count < stem.count && unnumbered.hasPrefix("-") && unnumbered.count > 1
    return [isNumbered ? String(unnumbered.dropFirst()) : stem, stem, file]
  }
}

/// An alternative that its premerge script rejected, and why.
public struct RejectedAlternative: Sendable, Equatable, CustomStringConvertible {
  /// The alternative.
  public let alternative: Alternative
  /// Where and why it was rejected.
  public let rejection: Rejection

  public var description: String { "\(alternative.name): \(rejection.why) (\(location))" }

  private var location: String {
    switch (rejection.fileLine, rejection.line) {
    case (let line?, _): "\(alternative.path):\(line)"
    case (nil, let line?): "\(alternative.path), premerge line \(line)"
    case (nil, nil): alternative.path
    }
  }
}
