import LuaKit

/// Compares a value on a Lua stack with an annotated type.
struct TypeCheck {
  let lua: LuaState
  let types: TypeFile

  func table(at index: Int32, _ fields: [TypeFile.Field]) throws(LuaMismatch) {
    guard lua.type(at: index) == .table else { throw LuaMismatch(expected: "table", lua, at: index) }
    let named = fields.filter { !$0.isPositional }
    for key in lua.keys(of: index) where !named.contains(where: { $0.name == key }) {
      let near = Suggestion.nearest(to: key, in: named.map(\.name))
      throw LuaMismatch("unknown field '\(key)'" + (near.map { "; did you mean '\($0)'?" } ?? ""))
    }
    for field in named {
      lua.rawField(field.name, of: index)
      defer { lua.pop() }
      if lua.isNil(at: -1) {
        if !field.isOptional { throw Self.missing(field) }
        continue
      }
      do throws(LuaMismatch) { try value(at: -1, field.type) } catch { throw error.inside(field.name) }
    }
    if let elements = fields.first(where: \.isPositional) {
      try list(at: index, elements.type)
    } else if lua.rawCount(at: index) > 0 {
      throw LuaMismatch("a list element where named fields are expected: \(named.map(\.name).joined(separator: ", "))")
    }
  }

  static func missing(_ field: TypeFile.Field) -> LuaMismatch {
    LuaMismatch("field '\(field.name)' is missing (\(field.type.text) expected)")
  }

  private func list(at index: Int32, _ element: AnnotatedType) throws(LuaMismatch) {
    for position in stride(from: 1, through: lua.rawCount(at: index), by: 1) {
      lua.rawElement(position, of: index)
      defer { lua.pop() }
      do throws(LuaMismatch) { try value(at: -1, element) } catch { throw error.inside("[\(position)]") }
    }
  }

  func value(at index: Int32, _ type: AnnotatedType) throws(LuaMismatch) {
    let found = lua.type(at: index)
    switch type {
    case .any: return
    case .string: if found == .string { return }
    case .number: if found == .number { return }
    case .boolean: if found == .boolean { return }
    case .table: if found == .table { return }
    case .function: if found == .function { return }
    case .integer:
      if found == .number {
        _ = try Int.read(lua, at: index)
        return
      }
    case .literal(let text): if lua.string(at: index) == text { return }
    case .array(let element):
      if found == .table { return try list(at: index, element) }
    case .map(let element):
      if found == .table {
        let table = lua.absolute(index)
        if lua.rawCount(at: table) > 0 { throw LuaMismatch("a list element where a name is expected for each value") }
        for key in lua.keys(of: index) {
          lua.rawField(key, of: table)
          defer { lua.pop() }
          do throws(LuaMismatch) { try value(at: -1, element) } catch { throw error.inside(key) }
        }
        return
      }
    case .named(let name):
      if found == .table, let options = types.classes[name], options.parent != "userdata" {
        return try table(at: lua.absolute(index), types.fields(of: name))
      }
      if lua.typeName(at: index) == name { return }
    case .union(let members):
      for member in members { if (try? value(at: index, member)) != nil { return } }
      // A table that would do but for something in it: what that is, is the better message.
      if found == .table, let near = members.first(where: { isMeant(tableAt: index, $0) }) {
        try value(at: index, near)
      }
    }
    if let text = lua.string(at: index), case .union = type {
      throw LuaMismatch("\(type.text) expected, got \"\(text)\"")
    }
    throw LuaMismatch(expected: type.text, lua, at: index)
  }
}

extension TypeCheck {
  /// Whether a table is most likely meant as that member of a union: one with elements as a list, any other as options.
  private func isMeant(tableAt index: Int32, _ member: AnnotatedType) -> Bool {
    switch member {
    case .array: lua.rawCount(at: index) > 0
    case .named(let name): lua.rawCount(at: index) == 0 && types.classes[name].map { $0.parent != "userdata" } == true
    default: false
    }
  }
}

extension TypeFile.Field {
  /// `[integer]`: the elements without a name.
  var isPositional: Bool { name == "[integer]" }
}
