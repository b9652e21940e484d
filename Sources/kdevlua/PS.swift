import ArgumentParser
import Host

/// `kdevlua ps`.
struct PS: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ps", abstract: "List the machines that kdevlua made, with their taps, bridges and disks.")

  @Flag(help: "Print one line of JSON.")
  var json = false
  @OptionGroup var output: OutputOptions

  func run() throws {
    do {
      let host = try output.host()
      try Session.perform { [json] in
        try host.warnOfBrokenEntries()
        let survey = try await host.survey()
        if json { Session.write(survey.json + "\n", to: 1) } else { Self.print(survey) }
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }

  private static func print(_ survey: Survey) {
    var rows = [["NAME", "STATE", "PID", "MEMORY", "CPUS", "ACCEL", "ADDRESS", "VNC", "KERNEL"]]
    for machine in survey.machines {
      rows.append([
        machine.name, machine.state.rawValue, machine.pid.map(String.init) ?? "-", "\(machine.memory)M",
        "\(machine.cpus)", machine.accel, machine.address ?? "-", machine.vnc.map { "127.0.0.1:\($0)" } ?? "-",
        machine.release ?? "-",
      ])
    }
    Table.print(rows)
    guard !survey.things.isEmpty else { return }
    Session.write("\n", to: 1)
    Table.print(
      [["MADE", "FOR", "STATE"]]
        + survey.things.map { ["\($0.kind) \($0.name)", $0.owner ?? "-", $0.state] })
  }
}

/// Rows in columns.
enum Table {
  static func print(_ rows: [[String]]) { Session.write(text(rows), to: 1) }

  /// - Parameter right: how many of the last columns have numbers, which stand to the right.
  static func text(_ rows: [[String]], right: Int = 0) -> String {
    guard let columns = rows.first?.count else { return "" }
    let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
    var text = ""
    for row in rows {
      for (column, cell) in row.enumerated() {
        let blanks = String(repeating: " ", count: widths[column] - cell.count)
        let isLast = column == columns - 1
        text += column >= columns - right ? blanks + cell : isLast ? cell : cell + blanks
        text += isLast ? "\n" : "  "
      }
    }
    return text
  }
}
