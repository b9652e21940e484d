import ArgumentParser
import Host
import LuaKit
import LuaRuntime
import Modules

/// `kdevlua eval`.
struct Eval: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "eval", abstract: "Run a line of Lua.")

  @Flag(name: .customLong("dry-run"), help: "Change nothing; print the shell lines of what would be done.")
  var isDryRun = false
  @OptionGroup var output: OutputOptions
  @Argument(help: "Lua source; kdev is there already.")
  var source: String
  @Argument(parsing: .captureForPassthrough, help: "What the source gets as `...` and in `arg`.")
  var arguments: [String] = []

  func run() throws {
    do { try Self.perform(source, arguments, host: try output.host(dryRun: isDryRun)) } catch {
      throw Session.exitCode(for: error)
    }
  }

  static func perform(_ source: String, _ arguments: [String], host: LocalHost) throws {
    let stdlib = Stdlib(environment: host.options.environment)
    let environment = Environment(host: host, stdlib: stdlib, script: "eval", arguments: arguments)
    try Session.performLua(environment) { runtime in
      // kdev is loaded when it is first named, so that a line without it starts as quickly as can be.
      try await runtime.define(global: "kdev", module: "kdev")
      do {
        try await runtime.run(.source(source, name: "=(command line)"), arguments: arguments, name: "eval")
      } catch let error as LuaError {
        guard await runtime.isOnlyExpression(source) else { throw error }
        throw LuaError(
          error.message + "\n  an expression is no line of Lua; print(\(source)) prints it, as kdevlua repl does")
      }
    }
  }
}
