import LuaSyntax

/// Where the paths through a script of a fragment end, as far as its text says. What is not known counts as possible: a
/// condition can be true and false, and a script that does something unusual to `accept` or `reject` may accept.
struct ScriptPaths: Equatable {
  /// A path calls `accept()`, or returns what is true for Python.
  private(set) var mayAccept: Bool
  /// A path comes to the end of the script, which accepts unless another script follows in the same text.
  private(set) var mayReachEnd: Bool

  /// Whether every path rejects, or fails.
  var neverAccept: Bool { !mayAccept && !mayReachEnd }

  init(_ script: String) {
    let source = SourceText(Array(script.utf8))
    guard !Self.isUnusual(script), let chunk = try? Parser.parse(source) else {
      (mayAccept, mayReachEnd) = (true, true)
      return
    }
    var walk = PathWalk()
    let ways = walk.ways(chunk.block)
    mayAccept = ways.contains(.accepts) || walk.hasAcceptingFunction
    mayReachEnd = ways.contains(.goesOn)
  }

  /// Whether the functions that end a script are anything but called by their names: then a call of another name may be
  /// one of them, and a call of theirs something else.
  private static func isUnusual(_ script: String) -> Bool {
    let tokens = Lexeme.all(in: script).map(\.token)
    for (place, token) in tokens.enumerated() {
      guard case .name(let name) = token else { continue }
      if name == "_ENV" { return true }
      guard PathWalk.Ending(rawValue: name) != nil else { continue }
      switch place > 0 ? tokens[place - 1] : .end {
      case .symbol(.point), .symbol(.colon): continue
      case .keyword(.function): return true
      default: break
      }
      switch place + 1 < tokens.count ? tokens[place + 1] : .end {
      case .symbol(.openRound), .symbol(.openCurly), .string: continue
      default: return true
      }
    }
    return false
  }
}

/// Goes through a script and tells where its paths lead.
private struct PathWalk {
  /// The functions that end a script.
  enum Ending: String { case accept, reject, error }

  /// Where paths lead from a statement; a path that rejects or fails leads nowhere.
  struct Ways: OptionSet {
    let rawValue: Int
    static let goesOn = Ways(rawValue: 1)
    static let accepts = Ways(rawValue: 2)
    /// Out of the innermost loop.
    static let breaks = Ways(rawValue: 4)

    /// These, and where they go on, those.
    func then(_ next: Ways) -> Ways { contains(.goesOn) ? subtracting(.goesOn).union(next) : self }

    /// Seen from outside of the loop that these are in.
    var outOfLoop: Ways { contains(.breaks) ? subtracting(.breaks).union(.goesOn) : self }
  }

  /// Whether a function of the script may call `accept()`.
  private(set) var hasAcceptingFunction = false
  private var isInFunction = false

  // MARK: Statements

  mutating func ways(_ block: Block) -> Ways {
    inTurn(block.statements) { $0.ways($1) }
  }

  /// The ways through things that are done one after the other.
  private mutating func inTurn<Thing>(_ things: [Thing], _ each: (inout PathWalk, Thing) -> Ways) -> Ways {
    var all: Ways = []
    for thing in things {
      let ways = each(&self, thing)
      all.formUnion(ways.subtracting(.goesOn))
      if !ways.contains(.goesOn) { return all }
    }
    return all.union(.goesOn)
  }

  private mutating func ways(_ statement: Statement) -> Ways {
    switch statement.kind {
    case .local(_, attributes: _, let values): return ways(values)
    case .assignment(let targets, let values): return ways(targets + values)
    case .call(let call): return ways(call)
    case .do(let block): return ways(block)
    case .while(let condition, let block): return loop(while: condition, block)
    case .repeat(let block, until: let condition): return loop(block, until: condition)
    case .if(let clauses, otherwise: let otherwise): return choice(clauses, otherwise)
    case .numericFor(_, let values, let block), .genericFor(_, let values, let block):
      return ways(values).then(ways(block).outOfLoop.union(.goesOn))
    case .function(target: _, let body), .localFunction(_, let body):
      look(into: body)
      return .goesOn
    case .return(let values):
      return ways(values).then(isInFunction || !Self.isTrue(returned: values) ? [] : .accepts)
    case .break: return .breaks
    // Nobody needs it in a script; where it leads is not looked for.
    case .goto: return .accepts
    case .label: return .goesOn
    }
  }

  private mutating func loop(while condition: Expression, _ block: Block) -> Ways {
    let before = ways(condition)
    let truth = Self.truth(condition)
    if truth == false { return before }
    let inside = ways(block).subtracting(.goesOn).outOfLoop
    return before.then(truth == true ? inside : inside.union(.goesOn))
  }

  private mutating func loop(_ block: Block, until condition: Expression) -> Ways {
    var around = ways(block).then(ways(condition))
    if Self.truth(condition) == false { around.remove(.goesOn) }
    return around.outOfLoop
  }

  private mutating func choice(_ clauses: [Statement.Clause], _ otherwise: Block?) -> Ways {
    var all: Ways = []
    for clause in clauses {
      let before = ways(clause.condition)
      all.formUnion(before.subtracting(.goesOn))
      guard before.contains(.goesOn) else { return all }
      let truth = Self.truth(clause.condition)
      if truth == false { continue }
      all.formUnion(ways(clause.block))
      if truth == true { return all }
    }
    return all.union(otherwise.map { ways($0) } ?? .goesOn)
  }

  // MARK: Expressions

  private mutating func ways(_ expressions: [Expression]) -> Ways { inTurn(expressions) { $0.ways($1) } }

  private mutating func ways(_ expression: Expression) -> Ways {
    switch expression.kind {
    case .nil, .boolean, .number, .string, .ellipsis, .name: return .goesOn
    case .function(let body):
      look(into: body)
      return .goesOn
    case .table(let items):
      return inTurn(items) { walk, item in
        switch item {
        case .element(let value), .named(_, let value): walk.ways(value)
        case .keyed(let key, let value): walk.ways([key, value])
        }
      }
    case .parenthesized(let inner), .unary(_, let inner): return ways(inner)
    case .binary(let first, let operands): return ways(first, operands)
    case .suffixed(let first, let suffixes):
      if case .name(let name) = first.kind, let ending = Ending(rawValue: name.text),
        case .call(let arguments)? =
          suffixes.first?.kind
      {
        return ways(arguments).then(ending == .accept ? .accepts : [])
      }
      let before = ways(first)
      let rest = inTurn(suffixes) { walk, suffix in
        switch suffix.kind {
        case .field: .goesOn
        case .index(let key): walk.ways(key)
        case .call(let arguments), .method(_, let arguments): walk.ways(arguments)
        }
      }
      return before.then(rest)
    }
  }

  /// Operators of one level; what follows `and` and `or` may be left out.
  private mutating func ways(_ first: Expression, _ operands: [Expression.Operand]) -> Ways {
    var all = ways(first)
    var known = Self.truth(first)
    for operand in operands {
      guard operand.operator == "and" || operand.operator == "or" else {
        all = all.then(ways(operand.value))
        continue
      }
      let goesFurther = operand.operator == "and"
      if let known, known != goesFurther { continue }
      let value = ways(operand.value)
      all = all.then(known == nil ? value.union(.goesOn) : value)
      known = known == nil ? nil : Self.truth(operand.value)
    }
    return all
  }

  /// What a function does counts as done: nobody knows who calls it.
  private mutating func look(into body: FunctionBody) {
    let outside = isInFunction
    isInFunction = true
    if ways(body.block).contains(.accepts) { hasAcceptingFunction = true }
    isInFunction = outside
  }

  // MARK: Values

  /// What Lua takes a value for; nil when it is not known.
  private static func truth(_ expression: Expression) -> Bool? {
    switch expression.kind {
    case .nil, .boolean(false): false
    case .boolean(true), .number, .string, .function, .table: true
    case .parenthesized(let inner): truth(inner)
    case .unary(.not, let inner): truth(inner).map { !$0 }
    default: nil
    }
  }

  /// Whether Python may take what a script returns for true.
  private static func isTrue(returned values: [Expression]) -> Bool {
    // Several values are a tuple, which is not empty.
    guard let value = values.first, values.count == 1 else { return !values.isEmpty }
    return isTrueForPython(value)
  }

  private static func isTrueForPython(_ value: Expression) -> Bool {
    switch value.kind {
    case .number(.integer(0)), .number(.float(0)): false
    case .string(let bytes): !bytes.isEmpty
    case .parenthesized(let inner), .unary(.minus, let inner): isTrueForPython(inner)
    default: truth(value) != false
    }
  }
}
