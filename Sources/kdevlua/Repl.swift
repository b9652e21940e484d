import ArgumentParser
import Glibc
import Host
import LuaKit
import LuaRuntime
import Modules

/// `kdevlua repl`.
struct Repl: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Read lines of Lua, run them and print their results.")

  @OptionGroup var output: OutputOptions

  func run() throws {
    do {
      let host = try output.host()
      let environment = Environment(host: host, stdlib: Stdlib(environment: host.options.environment), script: "repl")
      let shown = isatty(STDIN_FILENO) == 1
      try Session.performLua(environment, isInteractive: true) { runtime in
        try await runtime.define(global: "kdev", module: "kdev")
        if shown { Session.write("Lua 5.4 in kdevlua; kdev is there, Ctrl-D ends.\n", to: STDOUT_FILENO) }
        var chunk = ""
        while true {
          if shown { Session.write(chunk.isEmpty ? "> " : ">> ", to: STDOUT_FILENO) }
          guard let line = readLine(strippingNewline: true) else { break }
          chunk += chunk.isEmpty ? line : "\n" + line
          switch await runtime.compile(chunk) {
          case .incomplete: continue
          case .complete(let source):
            chunk = ""
            do throws(LuaError) {
              let results = try await runtime.evaluate(.source(source, name: "=stdin"))
              if !results.isEmpty { Session.write(results.joined(separator: "\t") + "\n", to: STDOUT_FILENO) }
            } catch {
              if let status = await runtime.exitStatus { throw ExitCode(status) }
              Session.complain(error.description)
            }
          case .wrong(let error):
            chunk = ""
            Session.complain(error.description)
          }
        }
        await runtime.finish()
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
