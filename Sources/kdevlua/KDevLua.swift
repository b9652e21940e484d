import ArgumentParser
import Glibc
import Host

/// The program. Each subcommand has a file of its own, and none of them more than the wiring; and its name written down, since
/// the parser takes a millisecond to make the names of all of the types'.
@main struct KDevLua: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kdevlua",
    abstract: "The scriptable runtime for kernel development: disks, networks, QEMU and kernels from Lua 5.4.",
    discussion: "The documented set-up: kdevlua run setup.lua. What it made: kdevlua ps. Its end: kdevlua down.",
    version: "0.1.0",
    subcommands: [
      Run.self, Eval.self, Repl.self, Check.self, PS.self, Exec.self, ShellCommand.self, ConsoleCommand.self, SSH.self,
      View.self, Watch.self, Gdb.self, Down.self, GC.self, Warm.self, Remote.self, Serve.self, Stamp.self,
      SuiteCommand.self,
      Doctor.self, Types.self,
    ])

  static func main() {
    Interruption.begin()
    let words = Array(CommandLine.arguments.dropFirst())
    // For the shells alone: what may follow `kdevlua run`, and the functions that ask for it.
    if words.first == "__complete" { Completion.perform(Array(words.dropFirst())) }
    if words.count == 2, words[0] == "--generate-completion-script", let script = Completion.script(for: words[1]) {
      Session.write(script, to: STDOUT_FILENO)
      Glibc.exit(0)
    }
    // The argument parser takes half of the time that an empty script takes. What has no option of ours needs none of it.
    if words.count > 1, !words[1].hasPrefix("-") {
      switch words[0] {
      case "run": end(withStatusOf: { try Run.perform(Array(words.dropFirst()), host: OutputStyle().host()) })
      case "eval":
        end(withStatusOf: { try Eval.perform(words[1], Array(words.dropFirst(2)), host: OutputStyle().host()) })
      default: break
      }
    }
    do {
      if let error = Words.unknownCommand(in: words) { throw error }
      var command = try parseAsRoot(words)
      try command.run()
    } catch {
      let code = exitCode(for: error)
      let text = fullMessage(for: error)
      if !text.isEmpty { Session.write(text + "\n", to: code.isSuccess ? STDOUT_FILENO : STDERR_FILENO) }
      // Wrong usage ends with 2, as it does everywhere in Debian, and not with the parser's 64.
      end(code == .validationFailure ? 2 : code.rawValue)
    }
    end(0)
  }

  private static func end(withStatusOf body: () throws -> Void) -> Never {
    do {
      try body()
      end(0)
    } catch {
      end(Session.exitCode(for: error).rawValue)
    }
  }

  /// Ends the program. Who waits for its output is not to take half of it for all.
  private static func end(_ status: Int32) -> Never {
    guard let failure = Descriptor.finishOutput() else { Glibc.exit(status) }
    Session.complain(failure)
    Glibc.exit(status == 0 ? 1 : status)
  }
}
