import ArgumentParser
import Host
import LuaRuntime
import Modules

/// `kdevlua serve`.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Do what another kdevlua asks for over standard input and output; `kdev.host` runs it by ssh.",
    shouldDisplay: false)

  @Flag(name: .customLong("dry-run"), help: "Change nothing; say what would be done.")
  var isDryRun = false
  @Flag(name: .customLong("protocol"), help: "Print the number of the protocol that it speaks, and do nothing.")
  var printsProtocol = false

  func run() throws {
    do {
      if printsProtocol { return Session.write("\(RemoteServer.protocolNumber)\n", to: 1) }
      // Events go as objects to the other side, which shows what its user wants to see.
      let host = try OutputStyle(traces: true, format: .json).host(dryRun: isDryRun)
      let environment = Environment(
        host: host, stdlib: Stdlib(environment: host.options.environment), script: "serve", arguments: [])
      try Session.performLua(environment) { runtime in try await runtime.serve() }
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
