import LuaKit

/// Compares a value on a Lua stack with an annotated type.
struct TypeCheck {
  let L: LuaState
  let types: TypeFile

  func table(at index: Int32, _ fields: [TypeFile.Field]) throws(LuaMismatch) {
    guard L.type(at: index) == .table else { throw LuaMismatch(expected: "table", L, at: index) }
    let named = fields.filter { !$0.isPositional }
    for key in L.keys(of: index) where !named.contains(where: { $0.name == key }) {
      let near = Suggestion.nearest(to: key, in: named.map(\.name))
      throw LuaMismatch("unknown field '\(key)'" + (near.map { "; did you mean '\($0)'?" } ?? ""))
    }
    for field in named {
      L.rawField(field.name, of: index)
      defer { L.pop() }
      if L.isNil(at: -1) {
        if !field.isOptional { throw Self.missing(field) }
        continue
      }
      do throws(LuaMismatch) { try value(at: -1, field.type) } catch { throw error.inside(field.name) }
    }
    if let elements = fields.first(where: \.isPositional) {
      try list(at: index, elements.type)
    } else if L.rawCount(at: index) > 0 {
      throw LuaMismatch("a list element where named fields are expected: \(named.map(\.name).joined(separator: ", "))")
    }
  }

  static func missing(_ field: TypeFile.Field) -> LuaMismatch {
    LuaMismatch("field '\(field.name)' is missing (\(field.type.text) expected)")
  }

  private func list(at index: Int32, _ element: AnnotatedType) throws(LuaMismatch) {
    for position in stride(from: 1, through: L.rawCount(at: index), by: 1) {
      L.rawElement(position, of: index)
      defer { L.pop() }
      do throws(LuaMismatch) { try value(at: -1, element) } catch { throw error.inside("[\(position)]") }
    }
  }

  func value(at index: Int32, _ type: AnnotatedType) throws(LuaMismatch) {
    let found = L.type(at: index)
    switch type {
    case .any: return
    case .string: if found == .string { return }
    case .number: if found == .number { return }
    case .boolean: if found == .boolean { return }
    case .table: if found == .table { return }
    case .function: if found == .function { return }
    case .integer:
      if found == .number {
        _ = try Int.read(L, at: index)
        return
      }
    case .literal(let text): if L.string(at: index) == text { return }
    case .array(let element):
      if found == .table { return try list(at: index, element) }
    case .map(let element):
      if found == .table {
        let table = L.absolute(index)
        for key in L.keys(of: index) {
          L.rawField(key, of: table)
          defer { L.pop() }
          do throws(LuaMismatch) { try value(at: -1, element) } catch { throw error.inside(key) }
        }
        return
      }
    case .named(let name):
      if found == .table, let options = types.classes[name], options.parent != "userdata" {
        return try table(at: L.absolute(index), types.fields(of: name))
      }
      if L.typeName(at: index) == name { return }
    case .union(let members):
      for member in members { if (try? value(at: index, member)) != nil { return } }
    }
    if let text = L.string(at: index), case .union = type { throw LuaMismatch("\(type.text) expected, got \"\(text)\"") }
    throw LuaMismatch(expected: type.text, L, at: index)
  }
}

extension TypeFile.Field {
  /// `[integer]`: the elements without a name.
  var isPositional: Bool { name == "[integer]" }
}
