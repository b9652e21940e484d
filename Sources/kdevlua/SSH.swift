import ArgumentParser
import Glibc
import Host

/// `kdevlua ssh`.
struct SSH: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ssh", abstract: "Log in to the guest of a running machine by ssh, or run a command there.",
    discussion: """
      With a key of the machine's own, which is put into the guest by the guest channel where there is one. With --config, writes \
      an ssh_config and prints its path: `Include` it, and `ssh kd-NAME` reaches each machine, also those that are launched later.
      """)

  @OptionGroup var output: OutputOptions
  @Flag(help: "Write and print the path of a file for ssh's Include, and connect to nothing.")
  var config = false
  @Argument(help: "The machine.")
  var name: String?
  @Argument(parsing: .captureForPassthrough, help: "The command and its arguments; none is a shell.")
  var command: [String] = []

  func validate() throws {
    if name == nil, !config { throw ValidationError("a machine is missing: kdevlua ssh NAME [COMMAND ...]") }
  }

  func run() throws {
    do {
      let host = try output.host()
      try Session.perform {
        if config {
          Session.write(try await host.writeSSHConfig() + "\n", to: STDOUT_FILENO)
          return
        }
        guard let name else { return }
        let words = command.first == "--" ? Array(command.dropFirst()) : command
        let isTerminal = Terminal.isTerminal(Terminal.input) && Terminal.isTerminal(Terminal.output)
        let line = try await host.sshCommand(toMachine: name, words, terminal: words.isEmpty && isTerminal)
        // A guest without our agent has had its key by other means.
        if let machine = try? await host.runningMachine(name, timeLimit: .seconds(2)) {
          try await machine.authorizeSSH()
        }
        try host.checkSSH(ofMachine: name)
        throw ExitCode(try Session.become(line, host))
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}

extension Session {
  /// Becomes another program (execve(2)), which then has the terminal as it is.
  /// - Parameter input: the file of its standard input, which is removed; nil is what this one has.
  /// - Throws: when it cannot be started.
  static func become(_ arguments: [String], input: String? = nil, _ host: LocalHost) throws -> Int32 {
    let program = try host.executables.require(arguments.first ?? "")
    if let input {
      let file = open(input, O_RDONLY)
      guard file >= 0, unlink(input) == 0, dup2(file, 0) == 0 else {
        throw HostError.system("could not read \(input)", errno: errno)
      }
      if file != 0 { close(file) }
    }
    // Blocked signals would stay blocked in it.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigprocmask(SIG_SETMASK, &signals, nil)
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    words.append(nil)
    execv(program, words)
    throw HostError.system("could not run \(program)", errno: errno)
  }
}
