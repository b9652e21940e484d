import Host
import Testing

@testable import LuaKit
@testable import LuaRuntime
@testable import Modules

/// The d.lua files and the modules say the same.
@Suite struct DocumentedFunctionsTests {
  @Test func everyFunctionThatAModuleHasIsDocumentedAndTheOtherWayRound() throws {
    let host = try LocalHost(options: .init(environment: ["HOME": "/nonexistent"]), observer: SilentObserver())
    let stdlib = Stdlib(environment: [:])
    let environment = Environment(host: host, stdlib: stdlib)
    let executor = LuaExecutor()
    try executor.run {
      let runtime = try LuaRuntime(executor: executor)
      try await runtime.install(environment)
      for name in Stdlib.embeddedNames where name.hasPrefix("types/") && name != "types/kdev.d.lua" {
        let module = String(name.dropFirst("types/".count).dropLast(".d.lua".count))
        let file = TypeFile(String(decoding: stdlib.read(name) ?? [], as: UTF8.self))
        let documented = Set(
          file.functions.map(\.name).filter { !$0.contains(":") }.map { String($0.split(separator: ".")[1]) })
        let script = """
          local names = {}
          for name, value in pairs(require "kdev.\(module)") do
            if type(value) == "function" then names[#names + 1] = name end
          end
          table.sort(names)
          return table.concat(names, " ")
          """
        let found = try await runtime.evaluate(.source(script, name: "=test"))
        #expect(found.first == documented.sorted().joined(separator: " "), "kdev.\(module)")
      }
      await runtime.close()
    }
  }

  @Test func everyFieldAndMethodThatAnObjectHasIsDocumentedAndTheOtherWayRound() throws {
    let lua = try LuaState.make()
    defer { lua.close() }
    func define<Object: LuaObject>(_ type: Object.Type) { type.pushMetatable(onto: lua) }
    define(BridgeObject.self)
    define(KernelTreeObject.self)
    define(ConsoleObject.self)
    define(DiskObject.self)
    define(FileObject.self)
    define(FolderObject.self)
    define(HostObject.self)
    define(KernelObject.self)
    define(LinkEndObject.self)
    define(MachineObject.self)
    define(NamespaceObject.self)
    define(ProcessObject.self)
    define(ProgressObject.self)
    define(TapObject.self)
    define(TemplateObject.self)
    define(TransactionObject.self)
    define(TunnelObject.self)
    define(UserNetworkObject.self)
    define(ViewObject.self)
    define(WatchObject.self)
    define(LuaTask.self)
    define(TaskPermit.self)
    define(TaskQueue.self)
    define(TaskSemaphore.self)
    let library = TypeLibrary(Stdlib(environment: ["KDEVLUA_STDLIB": "/nonexistent"]))
    let documented = library.classes.keys.filter(library.isObject)
    // A new class of objects has to be named above.
    #expect(documented.sorted() == lua.storage.fieldNames.keys.sorted())
    for name in documented {
      #expect(lua.storage.fieldNames[name]?.sorted() == library.names(of: name).sorted(), "\(name)")
    }
  }
}
