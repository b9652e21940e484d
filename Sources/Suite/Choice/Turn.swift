/// What is merged in one turn: a facet with its alternatives, or a fragment in no folder.
struct Turn {
  /// The facet's name; nil for a fragment in no folder.
  let facet: String?
  /// The alternatives in the order to try them, or the one fragment.
  private(set) var fragments: [Fragment]

  /// The turns of a tree of fragments, by name. A facet has its turn where its first alternative stands.
  static func inOrder(of fragments: [Fragment]) -> [Turn] {
    var last: [String: Fragment] = [:]
    for fragment in fragments { last[fragment.name] = fragment }
    var turns: [Turn] = []
    var turnOfFacet: [String: Int] = [:]
    for fragment in last.values.sorted(by: { $0.precedes($1) }) {
      let facet = folder(of: fragment.name)
      if let facet, let turn = turnOfFacet[facet] {
        turns[turn].fragments.append(fragment)
        continue
      }
      if let facet { turnOfFacet[facet] = turns.count }
      turns.append(Turn(facet: facet, fragments: [fragment]))
    }
    return turns
  }

  /// Checks that what the caller names is there, before any script runs.
  static func check(_ forced: [String: String], against turns: [Turn]) throws(ChoiceError) {
    for (facet, name) in forced.sorted(by: { $0.key.precedesByCodePoints($1.key) }) {
      guard let turn = turns.first(where: { $0.facet == facet }) else {
        throw .unknownFacet(facet, known: turns.compactMap(\.facet))
      }
      guard !turn.alternatives(named: name).isEmpty else {
        throw .unknownAlternative(name, facet: facet, known: turn.fragments.map { Alternative($0).name })
      }
    }
  }

  /// Merges what the turn is for.
  /// - Parameter first: the place of its first fragment among those of the job.
  /// - Returns: how the facet was decided; nil for a fragment in no folder.
  func take(_ merge: FragmentMerge, from first: Int, forced: String?) throws(ChoiceError) -> FacetChoice? {
    var rejected: [RejectedAlternative] = []
    for (place, fragment) in fragments.enumerated() {
      if let forced, !Alternative.names(of: fragment).contains(forced) { continue }
      let outcome: FragmentMerge.Outcome
      do throws(MergeError) {
        outcome = try merge.take(first + place)
      } catch {
        throw .merge(error)
      }
      switch (outcome, facet) {
      case (.dropped, _):
        if let rejection = merge.droppedFragments.last {
          rejected.append(RejectedAlternative(alternative: Alternative(fragment), rejection: rejection))
        }
      case (_, let facet?):
        // An empty file is a choice too: that of nothing.
        return FacetChoice(
          facet: facet, chosen: Alternative(fragment), rejected: rejected, isForced: forced != nil)
      case (_, nil): return nil
      }
    }
    guard let facet else { return nil }
    throw forced == nil
      ? .noAlternativeLeft(facet: facet, rejected: rejected)
      : .forcedAlternativeRejected(facet: facet, rejected: rejected)
  }

  private func alternatives(named name: String) -> [Fragment] {
    fragments.filter { Alternative.names(of: $0).contains(name) }
  }

  private static func folder(of name: String) -> String? {
    let segments = name.split(separator: "/").dropLast()
    return segments.isEmpty ? nil : segments.joined(separator: "/")
  }
}
