import ArgumentParser
import Host
import Modules

/// `kdevlua doctor`.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Say what this machine has and lacks, with the command that mends it.",
    discussion: """
      Starts a guest under each accelerator. What is as it should be comes first, what the set-up cannot do without last; \
      the status is then 1.
      """)

  @Flag(help: "Print one line of JSON.")
  var json = false
  @OptionGroup var output: OutputOptions

  func run() throws {
    do {
      let host = try output.host()
      try Session.perform { [json] in
        let scripts = try Stdlib(environment: host.options.environment).guestScripts()
        let findings = try await host.examine(scripts: scripts)
        let rows = Finding.Grade.allCases.flatMap { grade in
          findings.filter { $0.grade == grade }.flatMap { finding in
            [[grade.rawValue, finding.subject, finding.text]]
              + (finding.hint.map { [["", "", "mend it: \($0)"]] } ?? [])
          }
        }
        if json { Session.write(findings.json + "\n", to: 1) } else { Table.print(rows) }
        if findings.contains(where: { $0.grade == .broken }) { throw ExitCode.failure }
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
