import LuaSyntax

/// The names that scripts find, for `checkSuite`.
public struct ScriptNames: Sendable {
  let known: Set<String>
  let meant: @Sendable (_ name: String, _ known: [String]) -> String?

  /// - Parameters:
  ///   - known: the globals that a script has.
  ///   - meant: which of the names somebody may have meant by one that is none of them.
  public init(_ known: Set<String>, meant: @escaping @Sendable (_ name: String, _ known: [String]) -> String?) {
    self.known = known
    self.meant = meant
  }
}

/// Finds globals that nothing gives a value, as `kdevlua check` does.
struct UnknownNames {
  private struct Script {
    let scopes: Scopes
    let source: SourceText
  }

  struct Finding {
    /// The line of the script, counted from 1.
    let line: Int
    let message: String
  }

  private let names: ScriptNames
  /// What the postmerge scripts give to those that follow: all of a job's are one script.
  private var given: Set<String> = []
  /// A script may have given anything.
  private var isOpen = false

  init(_ names: ScriptNames) { self.names = names }

  /// Notes what a postmerge script gives to others.
  mutating func note(_ text: String) {
    let source = SourceText(Array(text.utf8))
    guard let chunk = try? Parser.parse(source) else { return isOpen = true }
    let scopes = Scopes(chunk)
    isOpen = isOpen || scopes.touchesEnvironment
    given.formUnion(scopes.assignedGlobals)
    for statement in chunk.block.statements {
      switch statement.kind {
      case .local(let names, _, _): given.formUnion(names.map(\.text))
      case .localFunction(let name, _): given.insert(name.text)
      default: break
      }
    }
  }

  /// The globals of a script that are nowhere given a value, each once.
  /// - Parameter isPostmerge: what ``note(_:)`` has noted counts, too.
  func findings(in text: String, isPostmerge: Bool) -> [Finding] {
    let source = SourceText(Array(text.utf8))
    guard !(isPostmerge && isOpen), let chunk = try? Parser.parse(source) else { return [] }
    let scopes = Scopes(chunk)
    if scopes.touchesEnvironment { return [] }
    var seen = names.known.union(scopes.assignedGlobals)
    if isPostmerge { seen.formUnion(given) }
    return scopes.globals.filter { seen.insert($0.text).inserted }.map { name in
      let near = names.meant(name.text, names.known.sorted())
      return Finding(
        line: source.position(of: name.offset).line,
        message: "the global '\(name.text)' is nowhere given a value"
          + (near.map { "; did you mean '\($0)'?" } ?? ""))
    }
  }
}
