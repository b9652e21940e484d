import ArgumentParser
import Host

/// `kdevlua ps`.
struct PS: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ps", abstract: "List the machines that kdevlua made, with their taps, bridges and disks.")

  @OptionGroup var output: OutputOptions

  func run() throws {
    do {
      let host = try output.host()
      var rows = [["NAME", "STATE", "PID", "MEMORY", "CPUS", "ACCEL", "ADDRESS", "VNC", "KERNEL"]]
      for machine in try host.machines() {
        let (record, spec) = (machine.record, machine.record.spec)
        rows.append([
          spec.name, machine.processID == nil ? "ended" : "running", machine.processID.map(String.init) ?? "-",
          "\(spec.memory)M",
          "\(spec.cpus)", spec.accelerator.rawValue, record.address ?? "-",
          record.display.map { "127.0.0.1:\($0)" } ?? "-",
          record.release ?? "-",
        ])
      }
      Table.print(rows)
      var others = [["MADE", "FOR", "STATE"]]
      for entry in try host.journal.entries() {
        if case .machine = entry.resource { continue }
        others.append([
          entry.resource.title, entry.owner.isEmpty ? "-" : entry.owner, entry.kept ? "kept" : "set-up not finished",
        ])
      }
      if others.count > 1 {
        Session.write("\n", to: 1)
        Table.print(others)
      }
    } catch {
      throw Session.exitCode(for: error)
    }
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
