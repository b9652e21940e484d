/// Which name means which variable, by Lua's scope rules (3.5), in a whole chunk.
public struct Scopes {
  /// For the place of a local's use the place of its declaration. A name that is not here is a global.
  public private(set) var declarations: [Int: Int] = [:]
  /// The locals, by their declarations, that are given a value again after it.
  public private(set) var reassigned: Set<Int> = []
  /// How often a local is named after its declaration.
  public private(set) var useCounts: [Int: Int] = [:]
  /// Every read of a global.
  public private(set) var globals: [Name] = []
  public private(set) var assignedGlobals: Set<String> = []
  /// The chunk names `_ENV` or `_G`: its globals may be anything.
  public private(set) var touchesEnvironment = false
  /// The chunk puts modules of its own into `package.loaded` or `package.preload`.
  public private(set) var replacesModules = false
  private var open: [[String: Int]] = [[:]]

  public init(_ chunk: Chunk) { visit(chunk.block) }

  // MARK: - Names

  private mutating func declare(_ name: Name) {
    if name.text == "_ENV" { touchesEnvironment = true }
    open[open.count - 1][name.text] = name.offset
  }

  private mutating func use(_ name: Name, assigns: Bool = false) {
    if let declaration = open.last(where: { $0[name.text] != nil })?[name.text] {
      declarations[name.offset] = declaration
      useCounts[declaration, default: 0] += 1
      if assigns { reassigned.insert(declaration) }
      return
    }
    if name.text == "_ENV" || name.text == "_G" { touchesEnvironment = true }
    if assigns { assignedGlobals.insert(name.text) } else { globals.append(name) }
  }

  private mutating func scope(_ body: (inout Scopes) -> Void) {
    open.append([:])
    body(&self)
    open.removeLast()
  }

  // MARK: - The tree

  private mutating func visit(_ block: Block) {
    scope { scopes in for statement in block.statements { scopes.visit(statement) } }
  }

  private mutating func visit(_ statement: Statement) {
    switch statement.kind {
    case .local(let names, _, let values):
      visit(values)
      names.forEach { declare($0) }
    case .assignment(let targets, let values):
      visit(values)
      for target in targets {
        if case .name(let name) = target.kind { use(name, assigns: true) } else { visit(target) }
        if case .suffixed(let first, let suffixes) = target.kind, case .name(let name) = first.kind,
          name.text == "package", suffixes.count > 1, case .field(let field) = suffixes[0].kind
        {
          replacesModules = replacesModules || field.text == "loaded" || field.text == "preload"
        }
      }
    case .call(let call): visit(call)
    case .do(let block): visit(block)
    case .while(let condition, let block):
      visit(condition)
      visit(block)
    case .repeat(let block, let condition):
      // The condition sees the block's locals.
      scope { scopes in
        for statement in block.statements { scopes.visit(statement) }
        scopes.visit(condition)
      }
    case .if(let clauses, let otherwise):
      for clause in clauses {
        visit(clause.condition)
        visit(clause.block)
      }
      if let otherwise { visit(otherwise) }
    case .numericFor(let name, let bounds, let block):
      visit(bounds)
      scope { scopes in
        scopes.declare(name)
        scopes.visit(block)
      }
    case .genericFor(let names, let values, let block):
      visit(values)
      scope { scopes in
        names.forEach { scopes.declare($0) }
        scopes.visit(block)
      }
    case .function(let target, let body):
      if case .name(let name) = target.kind { use(name, assigns: true) } else { visit(target) }
      visit(body)
    case .localFunction(let name, let body):
      declare(name)
      visit(body)
    case .return(let values): visit(values)
    case .break, .goto, .label: break
    }
  }

  private mutating func visit(_ body: FunctionBody) {
    scope { scopes in
      // No text is there, so nothing else has this place.
      if body.isMethod { scopes.declare(Name(text: "self", offset: -1)) }
      body.parameters.forEach { scopes.declare($0) }
      scopes.visit(body.block)
    }
  }

  private mutating func visit(_ expressions: [Expression]) { for expression in expressions { visit(expression) } }

  private mutating func visit(_ expression: Expression) {
    switch expression.kind {
    case .nil, .boolean, .number, .string, .ellipsis: break
    case .function(let body): visit(body)
    case .table(let items):
      for item in items {
        switch item {
        case .element(let value), .named(_, let value): visit(value)
        case .keyed(let key, let value): visit([key, value])
        }
      }
    case .name(let name): use(name)
    case .suffixed(let first, let suffixes):
      visit(first)
      for suffix in suffixes {
        switch suffix.kind {
        case .field: break
        case .index(let key): visit(key)
        case .call(let arguments), .method(_, let arguments): visit(arguments)
        }
      }
    case .parenthesized(let inner), .unary(_, let inner): visit(inner)
    case .binary(let first, let operands):
      visit(first)
      for operand in operands { visit(operand.value) }
    }
  }
}
