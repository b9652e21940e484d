import LuaKit
import Synchronization

/// The options table of a call, checked against its class in the module's NAME.d.lua before anything is done: an unknown
/// field, a missing one and a wrong type are errors that name the field and what was expected.
///
/// Valid only while the function that got it reads its arguments.
struct Options {
  let lua: LuaState
  let index: Int32
  private let fields: [TypeFile.Field]
  private let function: String
  private let className: String
  private let types: TypeFile
  private let reads: OptionReads?

  /// - Parameters:
  ///   - index: the argument; none at all stands for an empty table.
  ///   - className: the `---@class` of the table.
  ///   - function: the function's name, for messages.
  ///   - reads: who wants to know which fields are read.
  init(
    _ lua: LuaState, at index: Int32, _ className: String, of types: TypeFile, for function: String,
    reads: OptionReads? = nil
  ) throws {
    self.init(seen: lua, at: index, className, of: types, for: function, reads)
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

  /// A table that has been checked with the one it is in.
  private init(
    seen lua: LuaState, at index: Int32, _ className: String, of types: TypeFile, for function: String,
    _ reads: OptionReads?
  ) {
    self.lua = lua
    self.index = lua.absolute(index)
    self.function = function
    self.className = className
    self.types = types
    self.reads = reads
    fields = types.fields(of: className)
    precondition(!fields.isEmpty, "\(className) is not in its d.lua file")
  }

  /// A field's table, itself of a class, at `index`.
  func inner(_ className: String, at index: Int32) -> Options {
    Options(seen: lua, at: index, className, of: types, for: function, reads)
  }

  /// Every read of a field passes here: one that is not documented is a mistake of ours.
  private func willRead(_ name: String) {
    precondition(
      fields.contains { $0.name == name }, "\(function) reads the field '\(name)', which its d.lua file does not have")
    reads?.note(name, of: className)
  }

  /// Pushes the field's value, nil when it is not there.
  func push(_ name: String) {
    willRead(name)
    if lua.type(at: index) == .table { lua.rawField(name, of: index) } else { lua.push(LuaValue.nil) }
  }

  /// Pushes a field's table; false, and nothing is pushed, when it is not there.
  func push(list name: String) -> Bool {
    push(name)
    if lua.type(at: -1) == .table { return true }
    lua.pop()
    return false
  }

  /// The field's value, or nil when it is not there.
  func value<Value: LuaReadable>(_ name: String, as type: Value.Type = Value.self) throws -> Value? {
    willRead(name)
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
    var values: [Value] = []
    try forEachElement { values.append(try lua.read(-1)) }
    return values
  }

  /// Calls `body` with each element without a name on top of the stack.
  func forEachElement(_ body: () throws -> Void) throws {
    willRead("[integer]")
    guard lua.type(at: index) == .table else { return }
    var position = 1
    while true {
      lua.rawElement(position, of: index)
      defer { lua.pop() }
      if lua.isNil(at: -1) { return }
      try body()
      position += 1
    }
  }

  /// Says that somebody else reads all fields: a function in Lua, which gets the table itself.
  func readAll() { for field in fields { reads?.note(field.name, of: className) } }

  /// An error about a field that has the right type and a wrong value.
  func wrong(_ name: String, _ reason: String) -> ArgumentError {
    ArgumentError("\(function): field '\(name)': \(reason)")
  }
}

/// Which fields the functions read, by class: what a test compares with the d.lua files.
final class OptionReads: Sendable {
  private let seen = Mutex<[String: Set<String>]>([:])

  func note(_ name: String, of className: String) {
    seen.withLock { seen in _ = seen[className, default: []].insert(name) }
  }

  func fields(of className: String) -> Set<String> { seen.withLock { $0[className] ?? [] } }
}
