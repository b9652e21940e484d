import ArgumentParser
import Host

/// `kdevlua stamp`: what a launch starts beside QEMU.
struct Stamp: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stamp",
    abstract: "Note when a machine's console says what, as long as the machine runs; a launch starts it.",
    shouldDisplay: false)

  @Argument(help: "The machine.")
  var name: String

  func run() throws {
    do {
      try OutputStyle(isQuiet: true).host().noteConsoleTimes(ofMachine: name)
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
