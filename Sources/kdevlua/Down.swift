import ArgumentParser
import Host

/// `kdevlua down`.
struct Down: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Undo what was made for a machine, or for all, in reverse order.",
    discussion:
      "Disks stay, as they hold your work, unless --disks is given. What an interrupted set-up left is undone too.")

  @Flag(name: .customLong("dry-run"), help: "Change nothing; print the shell lines of what would be done.")
  var isDryRun = false
  @Flag(help: "Remove the disks, too.")
  var disks = false
  @OptionGroup var output: OutputOptions
  @Argument(help: "The machine; default: all.")
  var name: String?

  func run() throws {
    do {
      let host = try output.host(dryRun: isDryRun)
      let disks = disks
      try Session.perform { [name] in
        let (undone, kept) = try await host.takeDown(name, disks: disks)
        if undone.isEmpty, kept.isEmpty { host.note("nothing to undo") }
        if !kept.isEmpty {
          host.note("kept: \(kept.map(\.title).joined(separator: ", ")) (kdevlua down --disks removes them)")
        }
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
