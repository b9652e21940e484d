/// A chunk: a file, or a text that is loaded.
public struct Chunk: Sendable {
  public let block: Block
  /// The comments that begin with `---@diagnostic`, lua-language-server's way to switch findings off.
  public let directives: [Directive]

  public struct Directive: Sendable {
    public let offset: Int
    public let text: String
  }
}

public struct Block: Sendable {
  public var statements: [Statement]
}

/// A name with its place, which tells it from every other use of the same word.
public struct Name: Sendable {
  public let text: String
  public let offset: Int
}

public struct Statement: Sendable {
  public let kind: Kind
  public let offset: Int

  public indirect enum Kind: Sendable {
    case local([Name], attributes: [String?], [Expression])
    case assignment([Expression], [Expression])
    case call(Expression)
    case `do`(Block)
    case `while`(Expression, Block)
    case `repeat`(Block, until: Expression)
    case `if`([Clause], otherwise: Block?)
    case numericFor(Name, [Expression], Block)
    case genericFor([Name], [Expression], Block)
    /// `function a.b:c() end`; the target is `a.b.c`.
    case function(target: Expression, FunctionBody)
    case localFunction(Name, FunctionBody)
    case `return`([Expression])
    case `break`
    case goto(Name)
    case label(Name)
  }

  public struct Clause: Sendable {
    public let condition: Expression
    public let block: Block
  }
}

public struct FunctionBody: Sendable {
  /// It has a parameter `self` before the others.
  public let isMethod: Bool
  public let parameters: [Name]
  public let isVariadic: Bool
  public let block: Block
}

public struct Expression: Sendable {
  public let kind: Kind
  public let offset: Int

  init(kind: Kind, offset: Int) {
    self.kind = kind
    self.offset = offset
  }

  /// The expression without what it does last: `a.b` for `a.b.c`; itself when it does nothing.
  public var owner: Expression {
    guard case .suffixed(let first, let suffixes) = kind else { return self }
    return suffixes.count == 1
      ? first : Expression(kind: .suffixed(first, Array(suffixes.dropLast())), offset: offset)
  }

  public indirect enum Kind: Sendable {
    case `nil`
    case boolean(Bool)
    case number(Numeral)
    case string([UInt8])
    case ellipsis
    case function(FunctionBody)
    case table([Item])
    case name(Name)
    /// `a.b[c](d):e(f)`: what stands first, and what is done with it, from left to right.
    case suffixed(Expression, [Suffix])
    case parenthesized(Expression)
    case unary(Unary, Expression)
    /// `a + b - c`: operators of one level, from left to right.
    case binary(Expression, [Operand])
  }

  public enum Unary: Sendable { case minus, not, length, complement }

  public struct Operand: Sendable {
    /// As it is written: "+", "and".
    public let `operator`: String
    public let value: Expression
  }

  /// What stands in a table constructor.
  public enum Item: Sendable {
    case element(Expression)
    case named(Name, Expression)
    case keyed(Expression, Expression)
  }

  public struct Suffix: Sendable {
    public let kind: Kind
    public let offset: Int

    public enum Kind: Sendable {
      case field(Name)
      case index(Expression)
      case call([Expression])
      case method(Name, [Expression])
    }
  }

  /// Whether it can give more than one value, or none, where it is the last of a list.
  public var isMultiple: Bool {
    switch kind {
    case .ellipsis: return true
    case .suffixed(_, let suffixes):
      switch suffixes.last?.kind {
      case .call, .method: return true
      default: return false
      }
    default: return false
    }
  }
}
