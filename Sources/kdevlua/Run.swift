import ArgumentParser
import Host
import LuaRuntime
import Modules

/// `kdevlua run`.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a script.",
    discussion:
      "`-` is standard input. A script that is not there is looked for in .kdevlua/ of the repository, in ~/.config/kdevlua/ and in the stdlib: `kdevlua run setup.lua` runs the documented set-up from anywhere."
  )

  @Flag(name: .customLong("dry-run"), help: "Change nothing; print the shell lines of what would be done.")
  var isDryRun = false
  @Flag(
    name: .customLong("main"),
    help: "Run the script on Lua's main thread, as lua5.4 does. What waits is an error in it.")
  var isOnMain = false
  @OptionGroup var output: OutputOptions
  @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("The script and its arguments.", valueName: "script"))
  var script: [String]

  func validate() throws {
    // What follows the script is its own; what stands before it is ours.
    if script.first == "--help" || script.first == "-h" { throw CleanExit.helpRequest(self) }
    if let first = script.first, first.hasPrefix("-"), first != "-" {
      throw Words.unknownOption(first, of: ["--dry-run", "--main"] + Words.ofScripts)
    }
    if script.isEmpty { throw ValidationError("a script is missing: kdevlua run SCRIPT [ARGUMENT ...]") }
  }

  func run() throws {
    do { try Self.perform(script, host: try output.host(dryRun: isDryRun), onMain: isOnMain) } catch {
      throw Session.exitCode(for: error)
    }
  }

  /// Runs the script that the first word names, with the other words as its arguments.
  static func perform(_ words: [String], host: LocalHost, onMain: Bool = false) throws {
    let stdlib = Stdlib(environment: host.options.environment)
    let name = words[0]
    let arguments = Array(words.dropFirst())
    let source = name == "-" ? try Self.input() : try stdlib.script(name, on: host)
    let environment = Environment(host: host, stdlib: stdlib, script: name, arguments: arguments)
    try Session.performLua(environment) { runtime in
      try await runtime.run(
        source, arguments: arguments, name: name, host: CommandLine.arguments[0], onMain: onMain)
    }
  }

  /// What is read from standard input, without a first line for the system.
  private static func input() throws -> LuaScript {
    let bytes = try Files.read("/dev/stdin")
    let isMarked = bytes.first == UInt8(ascii: "#")
    return .bytes(isMarked ? Array(bytes.drop { $0 != UInt8(ascii: "\n") }) : bytes, name: "=stdin")
  }
}
