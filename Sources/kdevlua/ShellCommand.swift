import ArgumentParser
import Glibc
import Host

/// `kdevlua shell`.
struct ShellCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shell", abstract: "Open a shell in the guest of a running machine, on this terminal.",
    discussion: "Ctrl-] ends it, as does the shell's own end. No network and no sshd is needed in the guest.")

  @OptionGroup var output: OutputOptions
  @Option(help: "The shell. Default: bash where the guest has it, else sh.")
  var shell: String?
  @Argument(help: "The machine.")
  var name: String

  func run() throws {
    do {
      let host = try output.host()
      try Session.perform {
        try await host.runningMachine(name).shell(shell)
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
