import LuaKit

/// The options table of a call, checked against its class in the module's NAME.d.lua before anything is done: an unknown
/// field, a missing one and a wrong type are errors that name the field and what was expected.
///
/// Valid only while the function that got it reads its arguments.
struct Options {
  let lua: LuaState
  let index: Int32
  private let fields: [TypeFile.Field]
  private let function: String

  /// - Parameters:
  ///   - index: the argument; none at all stands for an empty table.
  ///   - className: the `---@class` of the table.
  ///   - function: the function's name, for messages.
  init(_ lua: LuaState, at index: Int32, _ className: String, of types: TypeFile, for function: String) throws {
    self.lua = lua
    self.index = index
    self.function = function
    fields = types.fields(of: className)
    precondition(!fields.isEmpty, "\(className) is not in its d.lua file")
    let check = TypeCheck(lua: lua, types: types)
    do throws(LuaMismatch) {
      if lua.isNil(at: index) {
        if let missing = fields.first(where: { !$0.isOptional && !$0.isPositional }) {
          throw TypeCheck.missing(missing)
        }
      } else {
        try check.table(at: index, fields)
      }
    } catch {
      throw ArgumentError("\(function): \(error.message)")
    }
  }

  /// The field's value, or nil when it is not there.
  func value<Value: LuaReadable>(_ name: String, as type: Value.Type = Value.self) throws -> Value? {
    precondition(
      fields.contains { $0.name == name }, "\(function) reads the field '\(name)', which its d.lua file does not have")
    guard !lua.isNil(at: index), lua.type(at: index) == .table else { return nil }
    return try lua.read(field: name, of: index, as: Value?.self)
  }

  func string(_ name: String) throws -> String? { try value(name) }
  func bool(_ name: String) throws -> Bool { try value(name) ?? false }
  func integer(_ name: String) throws -> Int? { try value(name) }
  func strings(_ name: String) throws -> [String] { try value(name) ?? [] }

  /// A field that the class demands: the check has seen it.
  func required<Value: LuaReadable>(_ name: String) throws -> Value {
    guard let value: Value = try value(name) else { throw ArgumentError("\(function): field '\(name)' is missing") }
    return value
  }

  /// The elements without a name: `{ "uname", "-r" }`.
  func positional<Value: LuaReadable>(as type: Value.Type = Value.self) throws -> [Value] {
    precondition(fields.contains(where: \.isPositional))
    guard lua.type(at: index) == .table else { return [] }
    var values: [Value] = []
    while true {
      lua.rawElement(values.count + 1, of: index)
      defer { lua.pop() }
      if lua.isNil(at: -1) { return values }
      values.append(try lua.read(-1))
    }
  }

  /// An error about a field that has the right type and a wrong value.
  func wrong(_ name: String, _ reason: String) -> ArgumentError {
    ArgumentError("\(function): field '\(name)': \(reason)")
  }
}
