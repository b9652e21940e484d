extension Parser {
  mutating func expressions() throws(SyntaxError) -> [Expression] {
    var list = [try expression()]
    while try take(.comma) { list.append(try expression()) }
    return list
  }

  /// - Parameter limit: operators that bind less are left to the caller.
  mutating func expression(above limit: Int = 0) throws(SyntaxError) -> Expression {
    let start = offset
    let first: Expression
    if let unary = unaryOperator {
      try advance()
      first = Expression(kind: .unary(unary, try expression(above: 12)), offset: start)
    } else {
      first = try simpleExpression()
    }
    var operands: [Expression.Operand] = []
    while let (name, left, right) = binaryOperator, left > limit {
      try advance()
      operands.append(.init(operator: name, value: try expression(above: right)))
    }
    return operands.isEmpty ? first : Expression(kind: .binary(first, operands), offset: start)
  }

  private var unaryOperator: Expression.Unary? {
    switch token {
    case .keyword(.not): .not
    case .symbol(.minus): .minus
    case .symbol(.length): .length
    case .symbol(.tilde): .complement
    default: nil
    }
  }

  /// With how much it binds to the left and to the right (3.4.8): `..` and `^` bind more to the left, so they nest to the
  /// right.
  private var binaryOperator: (name: String, left: Int, right: Int)? {
    switch token {
    case .keyword(.or): return ("or", 1, 1)
    case .keyword(.and): return ("and", 2, 2)
    case .symbol(let symbol):
      let (left, right) =
        switch symbol {
        case .less, .greater, .lessOrEqual, .greaterOrEqual, .equal, .unequal: (3, 3)
        case .or: (4, 4)
        case .tilde: (5, 5)
        case .and: (6, 6)
        case .shiftLeft, .shiftRight: (7, 7)
        case .concat: (9, 8)
        case .plus, .minus: (10, 10)
        case .times, .divide, .divideWhole, .remainder: (11, 11)
        case .power: (14, 13)
        default: (0, 0)
        }
      return left > 0 ? (symbol.rawValue, left, right) : nil
    default: return nil
    }
  }

  private mutating func simpleExpression() throws(SyntaxError) -> Expression {
    let start = offset
    let kind: Expression.Kind
    switch token {
    case .number(let value): kind = .number(value)
    case .string(let value): kind = .string(value)
    case .keyword(.nil): kind = .nil
    case .keyword(.true): kind = .boolean(true)
    case .keyword(.false): kind = .boolean(false)
    case .symbol(.ellipsis): kind = .ellipsis
    case .symbol(.openCurly): return try table()
    case .keyword(.function):
      try advance()
      return Expression(kind: .function(try functionBody(isMethod: false)), offset: start)
    default: return try suffixedExpression()
    }
    try advance()
    return Expression(kind: kind, offset: start)
  }

  mutating func suffixedExpression() throws(SyntaxError) -> Expression {
    let start = offset
    let primary: Expression
    if try take(.openRound) {
      let inner = try expression()
      try expect(.closeRound)
      primary = Expression(kind: .parenthesized(inner), offset: start)
    } else {
      guard case .name = token else { throw unexpected("unexpected symbol") }
      primary = Expression(kind: .name(try name()), offset: start)
    }
    var suffixes: [Expression.Suffix] = []
    while let kind = try suffix() { suffixes.append(kind) }
    return suffixes.isEmpty ? primary : Expression(kind: .suffixed(primary, suffixes), offset: start)
  }

  private mutating func suffix() throws(SyntaxError) -> Expression.Suffix? {
    let start = offset
    switch token {
    case .symbol(.point):
      try advance()
      let name = try name()
      return .init(kind: .field(name), offset: name.offset)
    case .symbol(.openSquare):
      try advance()
      let key = try expression()
      try expect(.closeSquare)
      return .init(kind: .index(key), offset: start)
    case .symbol(.colon):
      try advance()
      let name = try name()
      guard let arguments = try callArguments() else { throw unexpected("function arguments expected") }
      return .init(kind: .method(name, arguments), offset: name.offset)
    default:
      guard let arguments = try callArguments() else { return nil }
      return .init(kind: .call(arguments), offset: start)
    }
  }

  private mutating func callArguments() throws(SyntaxError) -> [Expression]? {
    switch token {
    case .string(let value):
      let argument = Expression(kind: .string(value), offset: offset)
      try advance()
      return [argument]
    case .symbol(.openCurly): return [try table()]
    case .symbol(.openRound):
      try advance()
      if try take(.closeRound) { return [] }
      let arguments = try expressions()
      try expect(.closeRound)
      return arguments
    default: return nil
    }
  }

  private mutating func table() throws(SyntaxError) -> Expression {
    let start = offset
    try expect(.openCurly)
    var items: [Expression.Item] = []
    while token != .symbol(.closeCurly) {
      if try take(.openSquare) {
        let key = try expression()
        try expect(.closeSquare)
        try expect(.assign)
        items.append(.keyed(key, try expression()))
      } else if case .name = token, try peek() == .symbol(.assign) {
        let name = try name()
        try advance()
        items.append(.named(name, try expression()))
      } else {
        items.append(.element(try expression()))
      }
      if try !take(.comma), try !take(.semicolon) { break }
    }
    try expect(.closeCurly)
    return Expression(kind: .table(items), offset: start)
  }
}
