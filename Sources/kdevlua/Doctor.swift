import ArgumentParser
import Host

/// `kdevlua doctor`.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what this machine has and lacks, with the command that mends it.",
    discussion: "Ends with status 1 when something is missing that the set-up cannot do without.")

  @Flag(help: "Print one line of JSON.")
  var json = false
  @OptionGroup var output: OutputOptions

  func run() throws {
    do {
      let host = try output.host()
      try Session.perform { [json] in
        let findings = try await host.examine()
        var rows: [[String]] = []
        for finding in findings {
          rows.append([finding.grade.rawValue, finding.subject, finding.text])
          if let hint = finding.hint { rows.append(["", "", "mend it: \(hint)"]) }
        }
        if json { Session.write(findings.json + "\n", to: 1) } else { Table.print(rows) }
        if findings.contains(where: { $0.grade == .broken }) { throw ExitCode.failure }
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
