import ArgumentParser
import Glibc
import Host

/// `kdevlua remote`.
struct Remote: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remote", abstract: "Run a command of kdevlua on another machine, over ssh.",
    discussion: """
      `kdevlua remote user@box ps` is `kdevlua ps` there. A machine without kdevlua gets a copy of this program into its cache. Who \
      logs in needs a key: kdevlua asks for no password.
      """)

  @OptionGroup var output: OutputOptions
  @Option(help: "The port of its sshd.")
  var port: Int?
  @Option(help: ArgumentHelp("A private key.", valueName: "file"))
  var identity: String?
  @Option(help: ArgumentHelp("An ssh_config instead of your own.", valueName: "file"))
  var config: String?
  @Option(
    help: ArgumentHelp("The kdevlua to run there. Default: the one that is installed, else a copy.", valueName: "path"))
  var program: String?
  @Argument(help: "The machine, as ssh takes it.")
  var address: String
  @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("The command and its arguments.", valueName: "command"))
  var command: [String]

  func validate() throws {
    if command.isEmpty { throw ValidationError("a command is missing: kdevlua remote ADDRESS COMMAND [ARGUMENT ...]") }
    if let port, !(1...65535).contains(port) { throw ValidationError("a port is 1 to 65535, not \(port)") }
  }

  func run() throws {
    do {
      let host = try output.host()
      try Session.perform {
        var address = try RemoteAddress(address)
        (address.identity, address.config) = (identity, config)
        if let port { address.port = port }
        let program = try await RemoteConnection.findProgram(address, program: program, on: host)
        let isTerminal = Terminal.isTerminal(Terminal.input) && Terminal.isTerminal(Terminal.output)
        let line = RemoteConnection.command(address, program, command, terminal: isTerminal)
        throw ExitCode(try Session.become(line, host))
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
