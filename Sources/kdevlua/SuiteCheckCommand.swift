import ArgumentParser
import Glibc
import Host
import LuaKit
import Modules
import Suite
import SuiteScripts

/// `kdevlua suite check`.
struct SuiteCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Look for what is wrong with a suite, without running it.",
    discussion:
      "Finds broken links, folders in which nothing counts, mistakes in YAML and in Lua, scripts that can never accept,"
      + " and fragments that can meet in a job and cannot be merged. Ends with 1 when there is an error.")

  @Argument(help: ArgumentHelp("The suite's folder, as ~/ceph/qa/suites/fs.", valueName: "dir"))
  var folder: String
  @Option(help: ArgumentHelp("A YAML file that all jobs begin with.", valueName: "file"))
  var baseConfig: String?
  @Flag(help: "Take whole products, whatever number is in their %.")
  var noNestedSubset = false
  @Flag(name: .shortAndLong, help: "Print no counts.")
  var quiet = false

  func run() throws {
    do {
      let syntax = try ScriptSyntax()
      defer { syntax.close() }
      let path = SuiteOptions.path(of: folder)
      let base = try baseConfig.map {
        SuiteBase(path: $0, value: try YAMLValue(yaml: try Files.text($0), file: $0))
      }
      let names = ScriptNames(LuaScripts.names) { Suggestion.nearest(to: $0, in: $1) }
      let (problems, fragments) = checkSuite(folder: path, base: base, nestedSubsets: !noNestedSubset, names: names) {
        syntax.error(in: $0)
      }
      var output = LineOutput()
      for problem in problems { output.write(problem.description + "\n") }
      output.flush()
      let errors = problems.count { $0.severity == .error }
      if !quiet {
        let counts = "\(fragments) fragments, \(errors) errors, \(problems.count - errors) warnings\n"
        Session.write(counts, to: STDERR_FILENO)
      }
      if errors > 0 { throw ExitCode.failure }
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
