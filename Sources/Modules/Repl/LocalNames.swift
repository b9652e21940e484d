import LuaSyntax

/// The names that a text which is not whole makes local.
enum LocalNames {
  /// All that it declares anywhere, parameters and loop variables, too: which of them are in sight is not followed.
  static func all(_ tokens: [Token]) -> [String] {
    var names: [String] = []
    for (index, token) in tokens.enumerated() {
      switch token {
      case .keyword(.local), .keyword(.for): names += declared(tokens[(index + 1)...])
      case .keyword(.function):
        guard let open = tokens[index...].firstIndex(of: .symbol(.openRound)) else { continue }
        for case .name(let name) in tokens[(open + 1)...].prefix(while: { $0 != .symbol(.closeRound) }) {
          names.append(name)
        }
      default: break
      }
    }
    return names
  }

  /// The names at the front: `function f`, `a <const>, b`.
  private static func declared(_ tokens: ArraySlice<Token>) -> [String] {
    var rest = tokens
    if rest.first == .keyword(.function) { rest = rest.dropFirst() }
    var names: [String] = []
    while case .name(let name)? = rest.popFirst() {
      names.append(name)
      // `<const>`
      if rest.first == .symbol(.less), rest.dropFirst(2).first == .symbol(.greater) { rest = rest.dropFirst(3) }
      guard rest.popFirst() == .symbol(.comma) else { break }
    }
    return names
  }
}
