import ArgumentParser
import Host
import Modules

/// `kdevlua watch`: `kdev.kernel.loop` on a machine that runs.
struct Watch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Build, reload and test kernel modules in a guest whenever a file is saved.")

  @OptionGroup var output: OutputOptions
  @Option(help: ArgumentHelp("The kernel's source.", valueName: "dir"))
  var tree = "."
  @Option(
    name: .customLong("output"), help: ArgumentHelp("What it was built into; default: the source.", valueName: "dir"))
  var built: String?
  @Option(name: .customLong("module"), help: ArgumentHelp("A module; can be given again.", valueName: "name"))
  var modules: [String]
  @Flag(help: "Compile through ccache.")
  var ccache = false
  @Option(help: ArgumentHelp("The compiler, as it was built with.", valueName: "command"))
  var cc: String?
  @Option(help: ArgumentHelp("End after so many rounds; default: Ctrl-C.", valueName: "n"))
  var rounds: Int?
  @Argument(help: "The machine.")
  var name: String
  @Argument(parsing: .captureForPassthrough, help: "The test: a command in the guest, and its arguments.")
  var test: [String] = []

  func run() throws {
    do {
      let words = test.first == "--" ? Array(test.dropFirst()) : test
      let options = [modules.joined(separator: " "), ccache ? "yes" : "", cc ?? "", rounds.map(String.init) ?? ""]
      try Eval.perform(Self.script, [name, tree, built ?? ""] + options + words, host: output.host())
    } catch {
      throw Session.exitCode(for: error)
    }
  }

  /// The arguments of the command as a call.
  private static let script = """
    local kdev <const> = require "kdev"
    local function given(text) return text ~= "" and text or nil end
    local modules <const> = {}
    for name in arg[4]:gmatch "%S+" do modules[#modules + 1] = name end
    local rounds <const> = kdev.kernel.loop {
      vm = kdev.vm.get(arg[1]), tree = arg[2], output = given(arg[3]), modules = modules, ccache = arg[5] ~= "",
      cc = given(arg[6]), rounds = tonumber(arg[7]), test = #arg > 7 and table.move(arg, 8, #arg, 1, {}) or nil,
    }
    if not rounds[#rounds].ok then os.exit(1) end
    """
}
