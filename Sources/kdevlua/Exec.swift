import ArgumentParser
import Host

/// `kdevlua exec`.
struct Exec: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exec", abstract: "Run a command in the guest of a running machine.")

  @OptionGroup var output: OutputOptions
  @Flag(name: [.customShort("i"), .customLong("stdin")], help: "Give it this command's standard input.")
  var passesInput = false
  @Argument(help: "The machine.")
  var name: String
  @Argument(parsing: .captureForPassthrough, help: "The command and its arguments; no shell is involved.")
  var command: [String]

  func validate() throws {
    if command.isEmpty { throw ValidationError("a command is missing: kdevlua exec NAME COMMAND [ARGUMENT ...]") }
  }

  func run() throws {
    do {
      let host = try output.host()
      let words = command.first == "--" ? Array(command.dropFirst()) : command
      try Session.perform {
        let machine = try await host.runningMachine(name)
        let input = passesInput ? StandardInput() : nil
        let result = try await machine.execute(
          words.map { Array($0.utf8) },
          input: input.map { input in .chunks { () async throws(HostError) in try await input.next() } } ?? .none,
          output: .inherit, error: .inherit)
        if result.status != 0 { throw ExitCode(Int32(result.status)) }
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
