import ArgumentParser
import Glibc
import Host
import Modules
import Scheduling

/// `kdevlua suite kernel`.
struct SuiteKernel: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  static let configuration = CommandConfiguration(
    commandName: "kernel", abstract: "Say whether the lab can install the kernel of a branch, or wait until it can.",
    discussion:
      "Asks Shaman. Ends with 0 when the kernel is ready, with 1 when its build failed, and with 3 while it is not built."
  )

  @Argument(help: ArgumentHelp("As it was pushed to ceph-client.", valueName: "branch"))
  var branch: String
  @Option(
    help: ArgumentHelp(
      "The commit; default: whatever was built of the branch, perhaps an older one.", valueName: "commit"))
  var sha1: String?
  @Option(name: .shortAndLong, help: ArgumentHelp("The distribution.", valueName: "type"))
  var distro: String?
  @Option(
    name: [.customShort("D"), .long], help: ArgumentHelp("Its version, by number or name.", valueName: "version"))
  var distroVersion: String?
  @Option(help: ArgumentHelp("The architecture.", valueName: "arch"))
  var arch = "x86_64"
  @Flag(help: "Wait until it is ready, or its build has failed.")
  var wait = false
  @Option(help: ArgumentHelp("How long to wait, as 90m.", valueName: "time"))
  var timeout = TimeArgument(.seconds(3 * 3600), "3h")
  @Option(
    help: ArgumentHelp("Until Shaman is asked again; it doubles up to ten times that.", valueName: "time"))
  var interval = TimeArgument(.seconds(30), "30s")
  @Option(help: ArgumentHelp("How it is printed.", valueName: "text|json"))
  var format = Format.text
  @Flag(name: .shortAndLong, help: "Show no progress.")
  var quiet = false

  func validate() throws {
    guard interval.duration >= .milliseconds(10) else { throw ValidationError("--interval must be 10ms or more") }
  }

  func run() throws {
    try Session.perform {
      let host = try OutputStyle(isQuiet: quiet).host()
      let shaman = try LabConfiguration(environment: Session.environment).shaman
      let place = try SuiteScheduler.packageDistro(osType: distro, osVersion: distroVersion, architecture: arch)
      let name = try BranchName(branch)
      guard wait else {
        let build = try await host.kernelBuild(of: name, commit: sha1, distro: place, at: shaman)
        show(build, place)
        if build?.state == .failed { throw ExitCode.failure }
        if build?.state != .ready { throw ExitCode(3) }
        return
      }
      do {
        let patience = BuildPatience(timeLimit: timeout.duration, interval: interval.duration)
        show(
          try await host.waitForKernelBuild(of: name, commit: sha1, distro: place, at: shaman, patience: patience),
          place)
      } catch let error as HostError where error.code == .timeout {
        Session.complain(error.description)
        throw ExitCode(3)
      }
    }
  }

  private func show(_ build: KernelBuild?, _ place: String) {
    let fields: [(String, String?)] = [
      ("state", build?.state.rawValue ?? "not built yet"), ("branch", branch), ("commit", build?.commit ?? sha1),
      ("distro", build?.distro ?? place), ("version", build?.version), ("url", build?.url), ("log", build?.log),
    ]
    switch format {
    case .text:
      let rows = fields.compactMap { name, value in value.map { [name, $0] } }
      Session.write(Table.text(rows), to: STDOUT_FILENO)
    case .json:
      let object = fields.compactMap { name, value in value.map { (name, JSONValue.string($0)) } }
      Session.write(JSONValue.object(Dictionary(uniqueKeysWithValues: object)).text + "\n", to: STDOUT_FILENO)
    }
  }
}
