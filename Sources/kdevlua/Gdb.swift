import ArgumentParser
import Glibc
import Host
import Synchronization

/// `kdevlua gdb`.
struct Gdb: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look into the kernel of a running machine with gdb.",
    discussion:
      "The guest stands still until gdb goes on (continue) or leaves (quit). With --command, gdb does that and leaves."
  )

  @OptionGroup var output: OutputOptions
  @Option(help: ArgumentHelp("The kernel with symbols; default: that of the build tree.", valueName: "file"))
  var vmlinux: String?
  @Option(name: [.short, .long], help: ArgumentHelp("A command of gdb; can be given again.", valueName: "command"))
  var command: [String] = []
  @Argument(help: "The machine.")
  var name: String

  func run() throws {
    do {
      let host = try output.host()
      let line = Mutex<[String]>([])
      try Session.perform {
        let debugger = try await host.debugger(of: name, vmlinux: vmlinux, commands: command.isEmpty ? nil : command)
        line.withLock { $0 = debugger.arguments }
      }
      try Self.replace(with: line.withLock { $0 })
    } catch {
      throw Session.exitCode(for: error)
    }
  }

  private static func replace(with line: [String]) throws {
    // gdb takes the terminal and the place of this program; its signals come as they would without us.
    var signals = sigset_t()
    sigemptyset(&signals)
    pthread_sigmask(SIG_SETMASK, &signals, nil)
    var words: [UnsafeMutablePointer<CChar>?] = line.map { strdup($0) }
    words.append(nil)
    execv(line[0], &words)
    throw HostError.system("could not run \(line[0])", errno: errno)
  }
}
