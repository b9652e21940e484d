import ArgumentParser
import Host
import Modules

/// `kdevlua watch`: `kdev.kernel.loop` on a machine that runs.
struct Watch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Build, reload and test kernel modules in a guest whenever a file is saved.")

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
  @Flag(help: "Compile by clang and the LLVM tools.")
  var llvm = false
  @Option(
    help: ArgumentHelp(
      "The compiler; without it, --ccache and --llvm: as it was built the last time.", valueName: "command"))
  var cc: String?
  @Option(help: ArgumentHelp("How many compilers at once; default: by processors and memory.", valueName: "n"))
  var jobs: Int?
  @Option(
    name: .customLong("watch"),
    help: ArgumentHelp(
      "A folder of the source to watch; can be given again. Default: those of the modules.", valueName: "dir"))
  var folders: [String] = []
  @Option(
    help: ArgumentHelp(
      "Parameters for a module's loading, such as ceph=disable_send_metrics=1; can be given again.",
      valueName: "module=words"))
  var parameters: [String] = []
  @Option(help: ArgumentHelp("End after so many rounds; default: Ctrl-C.", valueName: "n"))
  var rounds: Int?
  @Argument(help: "The machine.")
  var name: String
  @Argument(parsing: .captureForPassthrough, help: "The test: a command in the guest, and its arguments.")
  var test: [String] = []

  func validate() throws {
    if let text = parameters.first(where: { !$0.contains("=") || $0.hasPrefix("=") }) {
      throw ValidationError("--parameters \(text) is not of the form MODULE=WORDS")
    }
  }

  func run() throws {
    do {
      let words = test.first == "--" ? Array(test.dropFirst()) : test
      try Eval.perform(Self.script, [name, options.text] + words, host: output.host())
    } catch {
      throw Session.exitCode(for: error)
    }
  }

  /// The options as those of `kdev.kernel.loop`.
  private var options: JSONValue {
    var fields: [String: JSONValue] = [
      "tree": .string(tree), "modules": .array(modules.map { .string($0) }),
    ]
    fields["output"] = built.map { .string($0) }
    fields["cc"] = cc.map { .string($0) }
    if ccache { fields["ccache"] = .bool(true) }
    if llvm { fields["llvm"] = .bool(true) }
    fields["jobs"] = jobs.map { .integer($0) }
    fields["rounds"] = rounds.map { .integer($0) }
    if !folders.isEmpty { fields["watch"] = .array(folders.map { .string($0) }) }
    var named: [String: String] = [:]
    for text in parameters {
      let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      named[sides[0]] = [named[sides[0]], sides[1]].compactMap(\.self).joined(separator: " ")
    }
    if !named.isEmpty { fields["parameters"] = .object(named.mapValues { .string($0) }) }
    return .object(fields)
  }

  /// The arguments of the command as a call.
  private static let script = """
    local kdev <const> = require "kdev"
    local options <const> = kdev.json.decode(arg[2])
    options.vm = kdev.vm.get(arg[1])
    if #arg > 2 then options.test = table.move(arg, 3, #arg, 1, {}) end
    local rounds <const> = kdev.kernel.loop(options)
    if not rounds[#rounds].ok then os.exit(1) end
    """
}
