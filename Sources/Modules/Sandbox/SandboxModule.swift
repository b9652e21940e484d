import Host
import LuaKit
import LuaRuntime

/// `kdev.sandbox`; its functions are documented in sandbox.d.lua.
enum SandboxModule: KdevModule {
  static let name = "sandbox"

  static func build(_ module: LuaModule, _ environment: Environment) {
    module.async("run") { lua in
      let options = try environment.options(lua, at: 1, "kdev.sandbox.RunOptions", for: "kdev.sandbox.run")
      let source: [String] = try options.positional()
      guard let text = source.first else { throw options.wrong("[1]", "the script is missing") }
      var limits = LuaLimits(memory: 64 << 20, instructions: 100_000_000, seconds: 10)
      if let memory = try options.size("memory") { limits.memory = Int(clamping: memory.bytes) }
      if let instructions = try options.integer("instructions") {
        guard instructions > 0 else { throw options.wrong("instructions", "more than 0 expected") }
        limits.instructions = instructions
      }
      if let time = try options.duration("timeout") { limits.seconds = time / .seconds(1) }
      var sandbox = LuaSandbox(source: text, name: try options.string("name") ?? "=sandbox", limits: limits)
      if let names: [String] = try options.value("allow") { sandbox.allowed = Set(names) }
      sandbox.arguments = try options.value("args", as: LuaValue.self)?.elements ?? []
      sandbox.globals = try globals(options)
      let runtime = LuaRuntime.of(lua)
      return LuaOperation { [sandbox] in LuaReturn(values: try await runtime.run(sandbox)) }
    }
  }

  private static func globals(_ options: Options) throws -> [String: SandboxValue] {
    let lua = options.lua
    options.push("env")
    defer { lua.pop() }
    guard lua.type(at: -1) == .table else { return [:] }
    var globals: [String: SandboxValue] = [:]
    do throws(LuaMismatch) {
      for (key, value) in try fields(lua, at: lua.absolute(-1), depth: 0) {
        guard let name = key.text else { throw LuaMismatch("names expected as keys") }
        globals[name] = value
      }
    } catch {
      throw options.wrong("env", error.message)
    }
    return globals
  }

  /// A table that may hold functions.
  private static func fields(
    _ lua: LuaState, at table: Int32, depth: Int
  ) throws(LuaMismatch) -> [(key: LuaValue, value: SandboxValue)] {
    guard depth < 100 else { throw LuaMismatch("tables nested deeper than 100, or inside themselves") }
    do { try lua.ensureStack(8) } catch { throw LuaMismatch("tables nested too deep") }
    let top = lua.absolute(-1)
    defer { lua.pop(lua.absolute(-1) - top) }
    var fields: [(key: LuaValue, value: SandboxValue)] = []
    lua.pushNil()
    while lua.next(of: table) {
      let key = try LuaValue.read(lua, at: -2)
      do throws(LuaMismatch) {
        switch lua.type(at: -1) {
        case .function: fields.append((key, .function(lua.reference(at: -1))))
        case .table: fields.append((key, .table(try self.fields(lua, at: lua.absolute(-1), depth: depth + 1))))
        default: fields.append((key, .data(try LuaValue.read(lua, at: -1))))
        }
      } catch { throw error.inside(key.text ?? "[\(key)]") }
      lua.pop()
    }
    return fields
  }
}
