import ArgumentParser
import Host
import LuaRuntime
import Modules

/// `kdevlua run`.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a script.",
    discussion: "A script that is not there is looked for in the stdlib: `kdevlua run setup.lua` runs the documented set-up from anywhere.")

  @Flag(name: .customLong("dry-run"), help: "Change nothing; print the shell lines of what would be done.")
  var isDryRun = false
  @OptionGroup var output: OutputOptions
  @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("The script and its arguments.", valueName: "script"))
  var script: [String]

  func validate() throws {
    if script.isEmpty { throw ValidationError("a script is missing: kdevlua run SCRIPT [ARGUMENT ...]") }
  }

  func run() throws {
    do {
      let host = try output.host(dryRun: isDryRun)
      let stdlib = Stdlib(environment: host.options.environment)
      let name = script[0]
      let arguments = Array(script.dropFirst())
      let environment = Environment(host: host, stdlib: stdlib, script: name, arguments: arguments)
      let source = try stdlib.script(name)
      try Session.performLua(environment) { runtime in
        try await runtime.run(source, arguments: arguments, name: name)
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
