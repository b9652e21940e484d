import ArgumentParser
import Host
import Modules

/// `kdevlua gc`.
struct GC: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Remove what interrupted set-ups, ended machines and killed programs have left.",
    discussion: """
      Machines that run, disks of set-ups that succeeded, and whatever another kdevlua is at work on stay. `kdevlua down` \
      takes down what runs.
      """)

  @Flag(name: .customLong("dry-run"), help: "Change nothing; print the shell lines of what would be done.")
  var isDryRun = false
  @Flag(help: "Also remove what is in the cache and was not used for --age.")
  var cache = false
  @Option(help: ArgumentHelp("How long, such as 12h or 30d.", valueName: "TIME"))
  var age = "30d"
  @OptionGroup var output: OutputOptions

  func run() throws {
    guard let limit = Self.duration(age) else {
      throw ValidationError("--age: '\(age)' is not a time, such as 12h or 30d")
    }
    do {
      let host = try output.host(dryRun: isDryRun)
      try Session.perform { [cache] in
        let removed = try await host.collectGarbage(cacheAge: cache ? limit : nil)
        if removed.isEmpty { host.note("nothing is left over") }
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }

  private static func duration(_ text: String) -> Duration? {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()), count >= 0,
      count < 1_000_000
    else { return nil }
    return .seconds(count * unit)
  }
}
