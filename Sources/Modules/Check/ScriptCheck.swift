import LuaKit
import LuaSyntax

/// Compares a script with what the d.lua files say, without running it. What it does not know it says nothing about: a
/// local that is given a value again, a parameter, a value from a table.
struct ScriptCheck {
  let library: TypeLibrary
  let source: SourceText
  let scopes: Scopes
  /// Whether `require` finds a file of that name before kdev's own module.
  let hasFile: (String) -> Bool
  private var types: [Int: ScriptType] = [:]
  /// The functions of kdev that calls call, by the calls' places.
  private var calledMembers: [Int: TypeLibrary.Member] = [:]
  private var found: [Found] = []
  /// Fields that the script gives a class itself, or looks for before it uses them.
  private var excused: Set<FieldKey> = []
  /// What the script says its options are: the table it gives to `kdev.cli.options`.
  var declaration: ScriptType.TableLiteral?
  /// How many uses of a constant table cannot change it.
  var harmlessUses: [Int: Int] = [:]

  struct FieldKey: Hashable {
    let owner: String
    let field: String
  }

  private struct Found {
    let offset: Int
    let finding: ScriptFinding
    let field: FieldKey?
    /// Counts only when all uses of this table are harmless.
    let table: Int?
  }

  init(_ chunk: Chunk, _ source: SourceText, _ library: TypeLibrary, hasFile: @escaping (String) -> Bool) {
    self.library = library
    self.source = source
    self.hasFile = hasFile
    scopes = Scopes(chunk)
    visit(chunk.block)
    checkGlobals()
  }

  /// What was found, in the order of the text.
  var findings: [ScriptFinding] {
    var seen: Set<String> = []
    return found.filter { one in
      if let field = one.field, excused.contains(field) { return false }
      if let table = one.table, harmlessUses[table] != scopes.useCounts[table] { return false }
      return seen.insert("\(one.offset) \(one.finding.message)").inserted
    }.sorted { $0.offset < $1.offset }.map(\.finding)
  }

  mutating func report(
    _ code: String, at offset: Int, _ message: String, hint: String? = nil, severity: ScriptFinding.Severity = .error,
    field: FieldKey? = nil, table: Int? = nil
  ) {
    let (line, column) = source.position(of: offset)
    found.append(
      Found(
        offset: offset,
        finding: ScriptFinding(
          severity: severity, code: code, line: line, column: column, message: message, hint: hint),
        field: field, table: table))
  }

  /// The line that says what was probably meant.
  static func meant(_ word: String, _ candidates: [String]) -> String? {
    Suggestion.nearest(to: word, in: candidates).map { "did you mean '\($0)'?" }
  }

  // MARK: - Statements

  private mutating func visit(_ block: Block) { for statement in block.statements { visit(statement) } }

  private mutating func visit(_ statement: Statement) {
    switch statement.kind {
    case .local(let names, _, let values): declare(names, values)
    case .assignment(let targets, let values):
      for value in values { _ = type(of: value) }
      for target in targets { assign(target) }
    case .call(let call): _ = type(of: call)
    case .do(let block): visit(block)
    case .while(let condition, let block):
      test(condition)
      visit(block)
    case .repeat(let block, let condition):
      visit(block)
      test(condition)
    case .if(let clauses, let otherwise):
      for clause in clauses {
        test(clause.condition)
        visit(clause.block)
      }
      if let otherwise { visit(otherwise) }
    case .numericFor(_, let bounds, let block):
      for bound in bounds { _ = type(of: bound) }
      visit(block)
    case .genericFor(let names, let values, let block):
      declareElements(names, values)
      visit(block)
    case .function(let target, let body):
      assign(target)
      visit(body.block)
    case .localFunction(_, let body): visit(body.block)
    case .return(let values): for value in values { _ = type(of: value) }
    case .break, .goto, .label: break
    }
  }

  private mutating func declare(_ names: [Name], _ values: [Expression]) {
    for (position, value) in values.enumerated() {
      var known = type(of: value)
      guard position < names.count else { continue }
      if case .table(var literal) = known {
        // Another name for a table that is known already: who changes it through which is not followed.
        literal.declaration = literal.declaration == nil ? names[position].offset : nil
        known = literal.declaration == nil ? .unknown : .table(literal)
      }
      set(names[position], known)
    }
    // `local a, b = f()`
    guard names.count > values.count, case .suffixed(_, let suffixes)? = values.last?.kind,
      let call = suffixes.last, let member = calledMembers[call.offset]
    else { return }
    for position in values.count..<names.count {
      if let (type, isOptional) = member.function.result(position - values.count + 1) {
        set(names[position], .annotated(type, isOptional: isOptional))
      }
    }
  }

  private mutating func set(_ name: Name, _ type: ScriptType) {
    if !scopes.reassigned.contains(name.offset) { types[name.offset] = type }
  }

  /// `for _, disk in ipairs(disks)`.
  private mutating func declareElements(_ names: [Name], _ values: [Expression]) {
    guard names.count == 2, values.count == 1, case .suffixed(let first, let suffixes) = values[0].kind,
      suffixes.count == 1, case .call(let arguments) = suffixes[0].kind, arguments.count == 1,
      case .name(let function) = first.kind, isGlobal(function), function.text == "ipairs" || function.text == "pairs"
    else {
      for value in values { _ = type(of: value) }
      return
    }
    switch (function.text, type(of: arguments[0])) {
    case ("ipairs", .annotated(.array(let element), _)): set(names[1], .annotated(element, isOptional: false))
    case ("pairs", .annotated(.map(let element), _)): set(names[1], .annotated(element, isOptional: false))
    default: break
    }
  }

  private mutating func assign(_ target: Expression) {
    guard case .suffixed(_, let suffixes) = target.kind, let last = suffixes.last else { return }
    // A table inside a constant one is changed here, too.
    if case .suffixed(let first, _) = target.kind, case .name(let name) = first.kind,
      let declaration = scopes.declarations[name.offset]
    {
      harmlessUses[declaration] = .min
    }
    if case .index(let key) = last.kind { _ = type(of: key) }
    let owner = type(of: target.owner)
    guard let className = owner.className, let (field, offset) = constantKey(last) else { return }
    if library.isObject(className) {
      report("unknown-field", at: offset, "cannot set field '\(field)': a \(className) cannot be changed by assignment")
    } else {
      excused.insert(FieldKey(owner: className, field: field))
    }
  }

  // MARK: - Expressions

  /// Looks at an expression that decides only whether: a field that is not there is no mistake in it.
  private mutating func test(_ expression: Expression) { _ = type(of: expression, isTest: true) }

  /// Looks at an expression and all in it.
  mutating func type(of expression: Expression, isTest: Bool = false) -> ScriptType {
    switch expression.kind {
    case .nil: return .nil
    case .boolean: return .boolean
    case .number(let value): return .number(value)
    case .string(let bytes): return .string(String(decoding: bytes, as: UTF8.self))
    case .ellipsis: return .unknown
    case .function(let body):
      visit(body.block)
      return .function
    case .table(let items): return .table(table(items, at: expression.offset))
    case .name(let name): return type(of: name)
    case .parenthesized(let inner): return type(of: inner, isTest: isTest)
    case .suffixed(let first, let suffixes): return type(of: first, suffixes, isTest: isTest)
    case .unary(let unary, let inner): return type(of: unary, inner)
    case .binary(let first, let operands): return type(of: first, operands, isTest: isTest)
    }
  }

  private func isGlobal(_ name: Name) -> Bool {
    scopes.declarations[name.offset] == nil && !scopes.assignedGlobals.contains(name.text)
  }

  private func type(of name: Name) -> ScriptType {
    if let declaration = scopes.declarations[name.offset] { return types[declaration] ?? .unknown }
    return isGlobal(name) ? .global(name.text) : .unknown
  }

  private mutating func type(of unary: Expression.Unary, _ inner: Expression) -> ScriptType {
    let type = type(of: inner, isTest: unary == .not)
    switch (unary, type) {
    case (.not, _): return .boolean
    case (.minus, .number(.integer(let value))): return .number(.integer(0 &- value))
    case (.minus, .number(.float(let value))): return .number(.float(-value))
    default: return .unknown
    }
  }

  private mutating func type(of first: Expression, _ operands: [Expression.Operand], isTest: Bool) -> ScriptType {
    let comparisons: Set<String> = ["==", "~=", "<", ">", "<=", ">="]
    let choices: Set<String> = ["and", "or"]
    let tests = operands.contains { comparisons.contains($0.operator) || choices.contains($0.operator) }
    let start = type(of: first, isTest: tests || isTest)
    var isText = start.isPlainText
    for (position, operand) in operands.enumerated() {
      let isValue = choices.contains(operand.operator) && position == operands.count - 1 && !isTest
      let type = type(of: operand.value, isTest: !isValue && tests || isTest)
      isText = isText && operand.operator == ".." && type.isPlainText
    }
    if operands.count == 1, comparisons.contains(operands[0].operator) { return .boolean }
    return isText ? .string(nil) : .unknown
  }

  private mutating func table(_ items: [Expression.Item], at offset: Int) -> ScriptType.TableLiteral {
    var literal = ScriptType.TableLiteral(offset: offset)
    for (position, item) in items.enumerated() {
      switch item {
      case .element(let value):
        let type = type(of: value)
        // What gives many values or none says nothing about the list.
        let isLast = position == items.count - 1
        literal.elements.append((isLast && value.isMultiple ? .unknown : type, value.offset))
      case .named(let name, let value):
        literal.fields.append(
          .init(name: name.text, offset: name.offset, type: type(of: value), valueOffset: value.offset))
      case .keyed(let key, let value):
        let keyType = type(of: key)
        let type = type(of: value)
        if case .string(let name?) = keyType {
          literal.fields.append(.init(name: name, offset: key.offset, type: type, valueOffset: value.offset))
        } else {
          literal.isOpen = true
        }
      }
    }
    return literal
  }

  // MARK: - What follows a value

  /// The key of `.name` and `["name"]`, and its place.
  private func constantKey(_ suffix: Expression.Suffix) -> (String, Int)? {
    switch suffix.kind {
    case .field(let name): return (name.text, name.offset)
    case .index(let key):
      guard case .string(let bytes) = key.kind else { return nil }
      return (String(decoding: bytes, as: UTF8.self), key.offset)
    default: return nil
    }
  }

  private mutating func type(of first: Expression, _ suffixes: [Expression.Suffix], isTest: Bool) -> ScriptType {
    var type = type(of: first)
    var owner = ScriptType.unknown
    if case .table(let literal) = type, let table = literal.declaration {
      // To read a field of a constant table does not change it, unless that is a table, which may be changed then.
      let key = suffixes.first.flatMap { constantKey($0)?.0 }
      let inner = literal.fields.first { $0.name == key }?.type
      if key != nil, case .table? = inner {} else if key != nil { harmlessUses[table, default: 0] += 1 }
    }
    for (position, suffix) in suffixes.enumerated() {
      let below = owner
      owner = type
      switch suffix.kind {
      case .field, .index:
        if case .index(let key) = suffix.kind { _ = self.type(of: key) }
        guard let (name, offset) = constantKey(suffix) else {
          type = .unknown
          continue
        }
        let isLast = position == suffixes.count - 1
        type = field(name, of: owner, at: offset, isTest: isTest && isLast)
      case .call(let arguments):
        if case .member(let member) = owner { calledMembers[suffix.offset] = member }
        type = call(owner, of: below, arguments, at: suffix.offset)
      case .method(let name, let arguments):
        calledMembers[suffix.offset] = owner.className.flatMap { library.member(name.text, of: $0) }
        type = callMethod(name, of: owner, arguments)
      }
    }
    return type
  }

  private mutating func field(_ name: String, of owner: ScriptType, at offset: Int, isTest: Bool) -> ScriptType {
    guard let className = owner.className, library.classes[className] != nil else { return .unknown }
    if let member = library.member(name, of: className) { return .member(member) }
    if let field = library.field(name, of: className) {
      if case .named(let module) = field.type, className == "kdev", module == "kdev." + name, hasFile(module) {
        return .unknown
      }
      return .annotated(field.type, isOptional: field.isOptional)
    }
    if className == "kdev", hasFile("kdev." + name) { return .unknown }
    let key = FieldKey(owner: className, field: name)
    let raises = library.isObject(className) || className == "kdev"
    if isTest, !raises {
      excused.insert(key)
      return .unknown
    }
    let what = className == "kdev" ? "kdev has no module '\(name)'" : "\(className) has no field '\(name)'"
    report(
      "unknown-field", at: offset, what, hint: Self.meant(name, library.names(of: className)), field: key)
    return .unknown
  }

  // MARK: - Globals

  private mutating func checkGlobals() {
    if scopes.touchesEnvironment { return }
    let known = StandardLibrary.globals
    for name in scopes.globals where !known.contains(name.text) && !scopes.assignedGlobals.contains(name.text) {
      report(
        "undefined-global", at: name.offset, "the global '\(name.text)' is nowhere given a value",
        hint: name.text == "kdev"
          ? "local kdev <const> = require \"kdev\"" : Self.meant(name.text, known.sorted()),
        severity: .warning)
    }
  }
}

extension ScriptType {
  /// A string or number, whose concatenation is a string: no metamethod has a say in it.
  fileprivate var isPlainText: Bool {
    switch self {
    case .string, .number, .annotated(.string, false), .annotated(.integer, false), .annotated(.number, false): true
    default: false
    }
  }
}
