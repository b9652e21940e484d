import Host
import LuaKit
import LuaRuntime
import Testing

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
}
