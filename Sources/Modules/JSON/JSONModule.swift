import LuaKit
import LuaRuntime

/// `kdev.json`; its functions are documented in json.d.lua.
enum JSONModule: KdevModule {
  static let name = "json"

  static func build(_ module: LuaModule, _ environment: Environment) {
    module.dataMarks()
    module.function("encode") { lua in
      try lua.requireValue(1)
      let options = try environment.options(lua, at: 2, "kdev.json.EncodeOptions", for: "kdev.json.encode")
      var writer = JSONWriter(pretty: try options.bool("pretty"))
      let isSorted = try options.value("sorted") ?? true
      do throws(LuaMismatch) { try DataWalk.walk(lua, at: 1, sorted: isSorted, into: &writer) } catch {
        throw DataFailure(kind: "json", message: error.message)
      }
      lua.push(bytes: writer.bytes)
      return 1
    }
    module.function("decode") { lua in
      guard let text = lua.unsafeBytes(at: 1) else {
        throw lua.argumentError(1, LuaMismatch(expected: "string", lua, at: 1).message)
      }
      try JSONReader.push(text, onto: lua)
      return 1
    }
  }
}
