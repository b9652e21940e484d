/// What the Kconfig files of a kernel say of its options. Conditions are kept as texts: of twenty thousand options, a few are
/// asked for.
struct Kconfig: Sendable {
  enum Kind: String, Sendable { case bool, tristate, string, int, hex }

  /// What options stand in: `if`, `menu`, `choice`.
  struct Scope: Sendable {
    enum Kind: Sendable { case root, condition, menu, choice }
    var kind: Kind
    /// The scope around it; the root is its own.
    var parent: Int
    var prompt: String?
    /// What all in it depends on.
    var depends: [String] = []
    /// When its prompts are seen (`visible if`).
    var visible: [String] = []
  }

  /// A value with its condition: of a default, a select or a range.
  struct Conditional: Sendable {
    var value: String
    var condition: String?
  }

  /// One of the places where an option is defined.
  struct Definition: Sendable {
    var name: String
    var file: Int
    var line: Int
    var scope: Int
    var kind: Kind?
    var prompt: Conditional?
    var depends: [String] = []
    var defaults: [Conditional] = []
    var selects: [Conditional] = []
    var ranges: [Conditional] = []
  }

  var files: [String] = []
  var scopes: [Scope] = [Scope(kind: .root, parent: 0)]
  var definitions: [Definition] = []
  /// By the name of the option, which of the definitions are its.
  var byName: [String: [Int]] = [:]

  func definitions(of name: String) -> [Definition] { (byName[name] ?? []).map { definitions[$0] } }

  func kind(of name: String) -> Kind? { definitions(of: name).lazy.compactMap(\.kind).first }

  /// Those that select an option, with their condition. (A pass over all: it is asked for a few.)
  func selectors(of name: String) -> [(name: String, condition: String?)] {
    definitions.flatMap { definition in
      definition.selects.filter { $0.value == name }.map { (definition.name, $0.condition) }
    }
  }

  /// All that a definition depends on: its own conditions and those of what it stands in.
  func dependencies(of definition: Definition) -> KconfigExpression? {
    var texts = definition.depends
    var scope = definition.scope
    while scope != 0 {
      texts += scopes[scope].depends
      scope = scopes[scope].parent
    }
    return Self.all(texts)
  }

  /// When its prompt is seen: the prompt's own condition and `visible if` of the menus around it.
  func visibility(of definition: Definition) -> KconfigExpression? {
    var texts = [definition.prompt?.condition].compactMap(\.self)
    var scope = definition.scope
    while scope != 0 {
      texts += scopes[scope].visible
      scope = scopes[scope].parent
    }
    return Self.all(texts)
  }

  private static func all(_ texts: [String]) -> KconfigExpression? {
    texts.compactMap { KconfigExpression($0) }.reduce(nil) { whole, part in
      whole.map { .and($0, part) } ?? part
    }
  }

  /// The choice that a definition is a member of.
  func choice(of definition: Definition) -> Int? {
    var scope = definition.scope
    while scope != 0 {
      if scopes[scope].kind == .choice { return scope }
      scope = scopes[scope].parent
    }
    return nil
  }

  /// The options of a choice.
  func members(of choice: Int) -> [String] { definitions.filter { self.choice(of: $0) == choice }.map(\.name) }
}
