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
  @Option(help: ArgumentHelp("How long, such as 12h or 7d; default: 30d.", valueName: "TIME"))
  var age: TimeArgument?
  @OptionGroup var output: OutputOptions

  func validate() throws {
    // 30 seconds, where days were meant, would remove nearly all.
    guard let age else { return }
    guard cache else { throw ValidationError("--age is of the cache: --cache --age \(age)") }
    guard age.description.last?.isLetter == true else {
      throw ValidationError("--age \(age) has no unit: \(age)d, or with h, m or s.")
    }
  }

  func run() throws {
    do {
      let host = try output.host(dryRun: isDryRun)
      try Session.perform { [cache, age] in
        let removed = try await host.collectGarbage(cacheAge: cache ? age?.duration ?? .seconds(30 * 86400) : nil)
        if removed.isEmpty { host.note("nothing is left over") }
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}
