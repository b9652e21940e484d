import Host
import LuaKit
import LuaRuntime

extension KernelModule {
  /// `reload`.
  static func addReload(to module: LuaModule, _ environment: Environment) {
    module.async("reload") { lua in
      let options = try environment.options(lua, at: 1, "kdev.kernel.ReloadOptions", for: "kdev.kernel.reload")
      let machine: MachineObject = try options.required("vm")
      let names: [String] = try options.required("modules")
      let files = Dictionary(
        uniqueKeysWithValues: try options.texts("files").map { ($0.name, String(decoding: $0.value, as: UTF8.self)) })
      let parameters = Dictionary(
        uniqueKeysWithValues: try options.texts("parameters").map { name, text in
          (name, String(decoding: text, as: UTF8.self).split(separator: " ").map(String.init))
        })
      return LuaOperation {
        let result = try await machine.machine.reloadModules(names, files: files, parameters: parameters)
        return LuaValue.record([
          ("unloaded", .array(result.unloaded.map { .string($0) })),
          ("loaded", .array(result.loaded.map { .string($0) })),
        ])
      }
    }
  }

  /// A function whose order of steps is Lua: `stdlib/kdev/kernel/NAME.lua` returns it. Its options are checked here, as those
  /// of all other functions are.
  static func addScript(_ name: String, _ className: String, to module: LuaModule, _ environment: Environment) throws {
    let lua = module.lua
    try lua.load(
      """
      local check <const>, name <const> = ...
      return function(options)
        check(options)
        return require(name)(options)
      end
      """, name: "=kdev.kernel")
    lua.push(function: { lua in
      try environment.options(lua, at: 1, className, for: "kdev.kernel.\(name)").readAll()
      return 0
    })
    lua.push("kdev.kernel.\(name)")
    try lua.call(arguments: 2, results: 1)
    module.field(name) { $0.pushCopy(at: -1) }
    lua.pop()
  }
}
