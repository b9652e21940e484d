import ArgumentParser
import Host

/// `kdevlua exec`.
struct Exec: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Run a command in the guest of a running machine.")

  @OptionGroup var output: OutputOptions
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
        let result = try await machine.execute(words.map { Array($0.utf8) })
        Session.write(result.output, to: 1)
        Session.write(result.error, to: 2)
        if result.status != 0 { throw ExitCode(Int32(result.status)) }
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
