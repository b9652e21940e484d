import LuaSyntax

extension ScriptCheck {
  private typealias Argument = (type: ScriptType, offset: Int)

  /// A call of a value with its arguments in brackets.
  /// - Parameter owner: what the function was taken from.
  mutating func call(
    _ function: ScriptType, of owner: ScriptType, _ expressions: [Expression], at offset: Int
  ) -> ScriptType {
    let arguments = types(of: expressions)
    switch function {
    case .global("require"):
      guard arguments.count == 1, case .string(let name?) = arguments[0].type, !scopes.replacesModules,
        !hasFile(name)
      else { return .unknown }
      if library.isModule(name) { return .annotated(.named(name), isOptional: false) }
      if name.hasPrefix("kdev.") {
        report(
          "unknown-field", at: arguments[0].offset, "there is no module '\(name)'",
          hint: Self.meant(name, library.names(of: "kdev").map { "kdev." + $0 }))
      }
      return .unknown
    case .member(let member):
      if member.isMethod {
        // `vm.exec { ... }`: what stands first has to be the object, and is none.
        guard let first = arguments.first?.type ?? (expressions.isEmpty ? .nil : nil),
          let sorts = first.sorts(library), let name = owner.className, !sorts.contains(.object(name))
        else { return result(of: member) }
        report("arguments", at: offset, "\(member.name) is a method: call it with a colon")
        return result(of: member)
      }
      if member.name == "kdev.cli.options", case .table(let table)? = arguments.first?.type { declaration = table }
      check(arguments, isOpen: expressions.last?.isMultiple ?? false, of: member, at: offset)
      return result(of: member)
    default: return .unknown
    }
  }

  /// `object:name(...)`.
  mutating func callMethod(_ name: Name, of owner: ScriptType, _ expressions: [Expression]) -> ScriptType {
    let arguments = types(of: expressions)
    guard let className = owner.className, library.classes[className] != nil else { return .unknown }
    guard let member = library.member(name.text, of: className) else {
      if library.field(name.text, of: className) != nil || library.classes[className]?.parent == "table" {
        return .unknown
      }
      if className == "kdev", hasFile("kdev." + name.text) { return .unknown }
      report(
        "unknown-field", at: name.offset, "\(className) has no method '\(name.text)'",
        hint: Self.meant(name.text, library.names(of: className)),
        field: FieldKey(owner: className, field: name.text))
      return .unknown
    }
    if member.isMethod {
      check(arguments, isOpen: expressions.last?.isMultiple ?? false, of: member, at: name.offset)
    } else {
      report("arguments", at: name.offset, "\(member.name) is a function, no method: call it with a point")
    }
    return result(of: member)
  }

  private mutating func types(of expressions: [Expression]) -> [Argument] {
    var arguments: [Argument] = []
    for expression in expressions { arguments.append((type(of: expression), expression.offset)) }
    return arguments
  }

  private func result(of member: TypeLibrary.Member) -> ScriptType {
    guard let (type, isOptional) = member.function.result(0) else { return .unknown }
    return .annotated(type, isOptional: isOptional)
  }

  // MARK: - Arguments

  /// - Parameter isOpen: the last one is a call or `...`, which may be any number of values.
  private mutating func check(_ arguments: [Argument], isOpen: Bool, of member: TypeLibrary.Member, at offset: Int) {
    let function = member.function
    let certain = isOpen ? arguments.count - 1 : arguments.count
    let parameters = function.isVariadic ? function.parameters.dropLast() : function.parameters[...]
    if !function.isVariadic, certain > parameters.count {
      let most = parameters.isEmpty ? "none" : "\(parameters.count)"
      report(
        "arguments", at: arguments[parameters.count].offset,
        "\(member.name): too many arguments: \(certain) given, \(most) taken")
    }
    for (position, parameter) in parameters.enumerated() {
      guard position < certain else {
        if isOpen { break }
        if !parameter.isOptional, parameter.type != .any {
          report(
            "arguments", at: offset,
            "\(member.name): argument #\(position + 1) '\(parameter.name)' is missing (\(expected(parameter.type)))")
        }
        continue
      }
      let argument = arguments[position]
      if case .nil = argument.type, parameter.isOptional { continue }
      // A table of options is told of by its fields alone.
      let isOptions = parameter.type.tableClass(library) != nil
      compare(
        argument.type, at: argument.offset, with: parameter.type, isArgument: true,
        Place(function: member.name, path: isOptions ? "" : "argument #\(position + 1) '\(parameter.name)'"))
    }
  }

  private func expected(_ type: AnnotatedType) -> String {
    type.tableClass(library) == nil ? "\(type.text) expected" : "table expected"
  }

  // MARK: - Values

  /// Where in a call a value is.
  private struct Place {
    let function: String
    let path: String
    /// The constant local that holds the table it is in.
    var table: Int?

    func field(_ name: String) -> Place {
      let inner = path.hasPrefix("field '") ? String(path.dropFirst(7).dropLast()) : ""
      let next = inner.isEmpty ? name : name.hasPrefix("[") ? inner + name : inner + "." + name
      return Place(function: function, path: "field '\(next)'", table: table)
    }

    func text(_ problem: String) -> String { "\(function): \(path.isEmpty ? "" : path + ": ")\(problem)" }
  }

  /// - Parameter isArgument: it is an argument and no field: there Lua turns numbers into strings and back.
  private mutating func compare(
    _ type: ScriptType, at offset: Int, with wanted: AnnotatedType, isArgument: Bool = false, _ place: Place
  ) {
    if case .table(let literal) = type, let inner = wanted.tableMember(library) {
      return compare(literal, with: inner, place)
    }
    guard !accepts(type, wanted, isArgument: isArgument) else { return }
    var hint: String?
    if case .string(let text?) = type { hint = Self.meant(text, wanted.literals) }
    let isWhole: Bool =
      if case .number(.float?) = type, wanted.sorts(library)?.contains(.number) ?? false { true } else { false }
    let problem =
      isWhole ? "number has no integer representation" : "\(expected(wanted)), got \(type.text ?? "another")"
    report("type", at: offset, place.text(problem), hint: hint, table: place.table)
  }

  private func accepts(_ type: ScriptType, _ wanted: AnnotatedType, isArgument: Bool) -> Bool {
    if case .union(let members) = wanted {
      return members.contains { accepts(type, $0, isArgument: isArgument) }
    }
    switch (type, wanted) {
    case (.string(let text?), .literal(let value)): return text == value
    case (.number(.float(let value)?), .integer): return value == value.rounded() && abs(value) < 0x1p63
    case (.number, .string) where isArgument: return true
    case (.string(let text), .number) where isArgument: return text.map { Double($0) != nil } ?? true
    case (.string(let text), .integer) where isArgument: return text.map { Int($0) != nil } ?? true
    default: break
    }
    guard let sorts = type.sorts(library), var room = wanted.sorts(library) else { return true }
    if isArgument, room.contains(.string) || room.contains(.number) { room.formUnion([.string, .number]) }
    if case .string(_?) = type, isArgument, !(wanted.sorts(library)?.contains(.string) ?? true) {
      room.remove(.string)
    }
    if sorts.contains(.nil), sorts.count > 1 { return true }
    return !sorts.isDisjoint(with: room)
  }

  private mutating func compare(_ literal: ScriptType.TableLiteral, with wanted: AnnotatedType, _ place: Place) {
    var place = place
    if let table = literal.declaration {
      harmlessUses[table, default: 0] &+= 1
      place.table = table
    }
    switch wanted {
    case .array(let element): compare(literal.elements, with: element, place)
    case .map(let element):
      for field in literal.fields {
        if case .nil = field.type { continue }
        compare(field.type, at: field.valueOffset, with: element, place.field(field.name))
      }
    case .named(let name): compare(literal, withClass: name, place)
    default: break
    }
  }

  private mutating func compare(
    _ elements: [(type: ScriptType, offset: Int)], with wanted: AnnotatedType, _ place: Place
  ) {
    for (position, element) in elements.enumerated() {
      if case .nil = element.type { continue }
      compare(element.type, at: element.offset, with: wanted, place.field("[\(position + 1)]"))
    }
  }

  private mutating func compare(_ literal: ScriptType.TableLiteral, withClass name: String, _ place: Place) {
    let fields = library.fields(of: name)
    let named = fields.filter { !$0.isPositional }
    for field in literal.fields {
      if case .nil = field.type { continue }
      guard let known = named.first(where: { $0.name == field.name }) else {
        report(
          "unknown-option", at: field.offset, place.text("unknown field '\(field.name)'"),
          hint: Self.meant(field.name, named.map(\.name)), table: place.table)
        continue
      }
      compare(field.type, at: field.valueOffset, with: known.type, place.field(field.name))
    }
    if !literal.isOpen {
      for field in named where !field.isOptional {
        let given = literal.fields.last { $0.name == field.name }
        if let given, case .nil = given.type {} else if given != nil { continue }
        report(
          "missing-option", at: literal.offset,
          place.text("field '\(field.name)' is missing (\(expected(field.type)))"), table: place.table)
      }
    }
    if let elements = fields.first(where: \.isPositional) {
      compare(literal.elements, with: elements.type, place)
    } else if let first = literal.elements.first(where: { $0.type.text != nil && $0.type.text != "nil" }) {
      report(
        "unknown-option", at: first.offset,
        place.text(
          "a list element where named fields are expected: \(named.map(\.name).joined(separator: ", "))"),
        table: place.table)
    }
  }
}

extension AnnotatedType {
  /// The class of a table of options.
  fileprivate func tableClass(_ library: TypeLibrary) -> String? {
    guard case .named(let name) = self, library.isTable(name) else { return nil }
    return name
  }

  /// The one type in it that a table can be looked at by.
  fileprivate func tableMember(_ library: TypeLibrary) -> AnnotatedType? {
    switch self {
    case .array, .map: return self
    case .named: return tableClass(library) == nil ? nil : self
    case .union(let members):
      let tables = members.filter { $0.sorts(library)?.contains(.table) ?? true }
      return tables.count == 1 ? tables[0].tableMember(library) : nil
    default: return nil
    }
  }
}
