import ArgumentParser
import Host
import Synchronization

/// `kdevlua gdb`.
struct Gdb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gdb", abstract: "Look into the kernel of a running machine with gdb.",
    discussion:
      "The guest stands still until gdb goes on (continue) or leaves (quit). With --command, gdb does that and leaves."
  )

  @OptionGroup var output: OutputOptions
  @Option(help: ArgumentHelp("The kernel with symbols; default: that of the build tree.", valueName: "file"))
  var vmlinux: String?
  @Option(name: [.short, .long], help: ArgumentHelp("A command of gdb; can be given again.", valueName: "command"))
  var command: [String] = []
  @Flag(help: "By the kernel's own kgdb on the second serial line, instead of QEMU's stub.")
  var kgdb = false
  @Argument(help: "The machine.")
  var name: String

  func run() throws {
    do {
      let host = try output.host()
      let line = Mutex<DebuggerLine?>(nil)
      try Session.perform {
        let options = DebuggerOptions(vmlinux: vmlinux, commands: command.isEmpty ? nil : command, kgdb: kgdb)
        let debugger = try await host.debugger(of: name, options)
        line.withLock { $0 = debugger }
      }
      // gdb takes the terminal and the place of this program.
      guard let debugger = line.withLock({ $0 }) else { return }
      throw ExitCode(try Session.become(debugger.arguments, input: debugger.input, host))
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
