import ArgumentParser
import CHost
import Glibc
import Host

/// `kdevlua console`.
struct ConsoleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "console", abstract: "Attach the terminal to the serial console of a machine.",
    discussion: """
      Ctrl-] detaches; the machine runs on. Several may be attached at once, and all see everything.
      Without a terminal, standard input is typed and the console is printed until the input ends, or with --follow until the \
      machine does.
      """)

  @OptionGroup var output: OutputOptions
  @Flag(help: "Begin with all that the console has said since the machine's start.")
  var all = false
  @Flag(help: "Put the time at which it came before each line.")
  var timestamps = false
  @Flag(help: "Only print, until the machine ends.")
  var follow = false
  @Argument(help: "The machine.")
  var name: String

  func run() throws {
    do {
      let host = try output.host()
      let console = try host.console(ofMachine: name, fromStart: all, timestamps: timestamps)
      try Session.perform {
        let session = TerminalSession(follow ? nil : "the console of \(name)")
        try await session.run { input async throws(HostError) in
          try await console.attach(
            input: follow ? nil : input, lingering: session.isTerminal ? .zero : .milliseconds(500),
            isRead: { chost_is_output_read() != 0 }
          ) { bytes throws(HostError) in
            let status = Descriptor.write(bytes, to: STDOUT_FILENO)
            if status != 0 { throw Descriptor.failure(status) }
          }
        }
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
