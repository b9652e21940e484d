/// Lua 5.4's grammar by recursive descent. It accepts whatever `load` accepts, and a little more: what only the compiler
/// looks at, such as a `goto` without its label, is left to it.
public struct Parser {
  private var lexer: Lexer
  var token = Token.end
  /// Where the token begins.
  var offset = 0
  private var ahead: (token: Token, offset: Int)?

  /// - Throws: where the text stops being Lua.
  public static func parse(_ source: SourceText) throws(SyntaxError) -> Chunk {
    var parser = Parser(lexer: Lexer(source))
    try parser.advance()
    let block = try parser.block()
    guard parser.token == .end else { throw parser.unexpected("<eof> expected") }
    return Chunk(
      block: block, directives: parser.lexer.directives.map { Chunk.Directive(offset: $0.offset, text: $0.text) })
  }

  private init(lexer: Lexer) { self.lexer = lexer }

  // MARK: - Tokens

  mutating func advance() throws(SyntaxError) {
    if let next = ahead {
      (token, offset) = next
      ahead = nil
    } else {
      token = try lexer.next()
      offset = lexer.start
    }
  }

  mutating func peek() throws(SyntaxError) -> Token {
    if let ahead { return ahead.token }
    let next = try lexer.next()
    ahead = (next, lexer.start)
    return next
  }

  /// Takes the token when it is the one.
  mutating func take(_ symbol: Symbol) throws(SyntaxError) -> Bool {
    guard token == .symbol(symbol) else { return false }
    try advance()
    return true
  }

  mutating func take(_ keyword: Keyword) throws(SyntaxError) -> Bool {
    guard token == .keyword(keyword) else { return false }
    try advance()
    return true
  }

  mutating func expect(_ symbol: Symbol) throws(SyntaxError) {
    guard try take(symbol) else { throw unexpected("'\(symbol.rawValue)' expected") }
  }

  mutating func expect(_ keyword: Keyword) throws(SyntaxError) {
    guard try take(keyword) else { throw unexpected("'\(keyword.rawValue)' expected") }
  }

  mutating func name() throws(SyntaxError) -> Name {
    guard case .name(let text) = token else { throw unexpected("<name> expected") }
    let name = Name(text: text, offset: offset)
    try advance()
    return name
  }

  func unexpected(_ message: String) -> SyntaxError { SyntaxError(offset: offset, message: message) }

  // MARK: - Statements

  mutating func block() throws(SyntaxError) -> Block {
    var statements: [Statement] = []
    while true {
      switch token {
      case .end, .keyword(.end), .keyword(.else), .keyword(.elseif), .keyword(.until):
        return Block(statements: statements)
      case .symbol(.semicolon): try advance()
      default:
        let start = offset
        let isReturn = token == .keyword(.return)
        statements.append(Statement(kind: try statement(), offset: start))
        if isReturn { return Block(statements: statements) }
      }
    }
  }

  private mutating func statement() throws(SyntaxError) -> Statement.Kind {
    guard case .keyword(let keyword) = token else {
      if try take(.label) {
        let label = try name()
        try expect(.label)
        return .label(label)
      }
      return try assignmentOrCall()
    }
    switch keyword {
    case .if: return try ifStatement()
    case .while:
      try advance()
      let condition = try expression()
      try expect(.do)
      return .while(condition, try blockUntilEnd())
    case .do:
      try advance()
      return .do(try blockUntilEnd())
    case .for: return try forStatement()
    case .repeat:
      try advance()
      let block = try block()
      try expect(.until)
      return .repeat(block, until: try expression())
    case .function: return try functionStatement()
    case .local: return try localStatement()
    case .return:
      try advance()
      var values: [Expression] = []
      switch token {
      case .end, .keyword(.end), .keyword(.else), .keyword(.elseif), .keyword(.until), .symbol(.semicolon): break
      default: values = try expressions()
      }
      _ = try take(.semicolon)
      return .return(values)
    case .break:
      try advance()
      return .break
    case .goto:
      try advance()
      return .goto(try name())
    default: throw unexpected("unexpected symbol")
    }
  }

  private mutating func blockUntilEnd() throws(SyntaxError) -> Block {
    let block = try block()
    try expect(.end)
    return block
  }

  private mutating func ifStatement() throws(SyntaxError) -> Statement.Kind {
    var clauses: [Statement.Clause] = []
    repeat {
      try advance()
      let condition = try expression()
      try expect(.then)
      clauses.append(Statement.Clause(condition: condition, block: try block()))
    } while token == .keyword(.elseif)
    let otherwise: Block? = try take(.else) ? try block() : nil
    try expect(.end)
    return .if(clauses, otherwise: otherwise)
  }

  private mutating func forStatement() throws(SyntaxError) -> Statement.Kind {
    try advance()
    var names = [try name()]
    if try take(.assign) {
      let bounds = try expressions()
      try expect(.do)
      return .numericFor(names[0], bounds, try blockUntilEnd())
    }
    while try take(.comma) { names.append(try name()) }
    try expect(.in)
    let values = try expressions()
    try expect(.do)
    return .genericFor(names, values, try blockUntilEnd())
  }

  private mutating func functionStatement() throws(SyntaxError) -> Statement.Kind {
    try advance()
    let start = offset
    let first = try name()
    var suffixes: [Expression.Suffix] = []
    var isMethod = false
    while !isMethod, token == .symbol(.point) || token == .symbol(.colon) {
      isMethod = token == .symbol(.colon)
      try advance()
      let name = try name()
      suffixes.append(.init(kind: .field(name), offset: name.offset))
    }
    var target = Expression(kind: .name(first), offset: start)
    if !suffixes.isEmpty { target = Expression(kind: .suffixed(target, suffixes), offset: start) }
    return .function(target: target, try functionBody(isMethod: isMethod))
  }

  private mutating func localStatement() throws(SyntaxError) -> Statement.Kind {
    try advance()
    if try take(.function) {
      let name = try name()
      return .localFunction(name, try functionBody(isMethod: false))
    }
    var names: [Name] = []
    var attributes: [String?] = []
    repeat {
      names.append(try name())
      if try take(.less) {
        attributes.append(try name().text)
        try expect(.greater)
      } else {
        attributes.append(nil)
      }
    } while try take(.comma)
    return .local(names, attributes: attributes, try take(.assign) ? try expressions() : [])
  }

  private mutating func assignmentOrCall() throws(SyntaxError) -> Statement.Kind {
    let first = try suffixedExpression()
    guard token == .symbol(.assign) || token == .symbol(.comma) else {
      guard first.isMultiple else { throw unexpected("syntax error") }
      return .call(first)
    }
    var targets = [first]
    while try take(.comma) { targets.append(try suffixedExpression()) }
    try expect(.assign)
    return .assignment(targets, try expressions())
  }

  mutating func functionBody(isMethod: Bool) throws(SyntaxError) -> FunctionBody {
    try expect(.openRound)
    var parameters: [Name] = []
    var isVariadic = false
    if token != .symbol(.closeRound) {
      repeat {
        isVariadic = try take(.ellipsis)
        if isVariadic { break }
        parameters.append(try name())
      } while try take(.comma)
    }
    try expect(.closeRound)
    return FunctionBody(
      isMethod: isMethod, parameters: parameters, isVariadic: isVariadic, block: try blockUntilEnd())
  }
}
