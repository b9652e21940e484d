import ArgumentParser
import Host

/// `kdevlua down`.
struct Down: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "down", abstract: "Undo what was made for a machine, or for all, in reverse order.",
    discussion:
      "Disks stay, as they hold your work, unless --disks is given. What an interrupted set-up left is undone too.")

  @Flag(name: .customLong("dry-run"), help: "Change nothing; print the shell lines of what would be done.")
  var isDryRun = false
  @Flag(help: "Remove the disks, too.")
  var disks = false
  @Flag(help: "End machines at once, without asking their guests to power off.")
  var now = false
  @OptionGroup var output: OutputOptions
  @Argument(help: "The machine, the set-up, or what was made outside of one, such as a bridge; default: all.")
  var name: String?

  func run() throws {
    do {
      let host = try output.host(dryRun: isDryRun)
      try Session.perform { [name, disks, now] in
        let (undone, kept) = try await host.takeDown(name, disks: disks, now: now)
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
