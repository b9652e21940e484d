import ArgumentParser
import Glibc
import Host
import Modules

/// `kdevlua check`.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Find mistakes in scripts without running them.",
    discussion: """
      Finds syntax errors, fields and methods that kdev's modules and objects do not have, wrong options, and wrong numbers \
      and types of arguments, by the types that `kdevlua types` lists. What it cannot know it says nothing about. Ends with \
      status 1 when it found an error.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Option(help: ArgumentHelp("How findings are written to standard output.", valueName: "text|json"))
  var format = Format.text
  @Argument(
    help: ArgumentHelp(
      "Scripts; `-` is standard input, and a folder stands for all *.lua files in it.", valueName: "file"),
    completion: .file(extensions: ["lua"]))
  var files: [String]

  func run() throws {
    do {
      let host = try OutputStyle().host()
      let checker = ScriptChecker(host: host, stdlib: Stdlib(environment: host.options.environment))
      var found: [(file: String, finding: ScriptFinding)] = []
      // One that cannot be read hides nothing of the others.
      var failures: [any Error] = []
      for path in files {
        do {
          for file in path == "-" ? ["-"] : try ScriptChecker.scripts(at: path) {
            do { found += try Self.findings(in: file, checker) } catch { failures.append(error) }
          }
        } catch { failures.append(error) }
      }
      switch format {
      case .text: Session.write(found.map { $0.finding.text(in: $0.file) + "\n" }.joined(), to: STDOUT_FILENO)
      case .json:
        Session.write(JSONValue.array(found.map { $0.finding.json(in: $0.file) }).text + "\n", to: STDOUT_FILENO)
      }
      for failure in failures { _ = Session.exitCode(for: failure) }
      if !failures.isEmpty || found.contains(where: { $0.finding.severity == .error }) { throw ExitCode.failure }
    } catch {
      throw Session.exitCode(for: error)
    }
  }

  private static func findings(
    in file: String, _ checker: ScriptChecker
  ) throws -> [(file: String, finding: ScriptFinding)] {
    let isInput = file == "-"
    let name = isInput ? "stdin" : file
    let bytes = try Files.read(isInput ? "/dev/stdin" : file)
    return try checker.check(bytes, name: name, folder: isInput ? "." : Files.folder(of: file)).map { (name, $0) }
  }
}
