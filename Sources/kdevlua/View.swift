import ArgumentParser
import Glibc
import Host

/// `kdevlua view`.
struct View: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "view", abstract: "Show the screen of a running machine in a browser.",
    discussion: """
      Opens the browser when there is one, and prints the page's address, which is good for one browser. The page is noVNC's, on \
      127.0.0.1. It lasts until Ctrl-C, or until the machine ends.
      With --host, shows a VNC display of another host, by a tunnel over ssh.
      """)

  @OptionGroup var output: OutputOptions
  @Option(help: ArgumentHelp("The page's port on 127.0.0.1; default: a free one.", valueName: "n"))
  var port: Int?
  @Flag(inversion: .prefixedNo, help: "Open the browser.")
  var browser = true
  @Option(help: ArgumentHelp("Another host, as ssh takes it.", valueName: "user@remote"))
  var host: String?
  @Option(help: ArgumentHelp("With --host: the VNC display there; default: 0.", valueName: "n"))
  var display: Int?
  @Option(help: ArgumentHelp("With --host: a private key.", valueName: "file"))
  var identity: String?
  @Option(help: ArgumentHelp("With --host: an ssh_config instead of your own.", valueName: "file"))
  var config: String?
  @Argument(help: "The machine.")
  var name: String?

  func validate() throws {
    if host == nil, name == nil { throw ValidationError("a machine is missing: kdevlua view NAME") }
    if host != nil, name != nil {
      throw ValidationError("a machine or --host, not both; kdevlua ps on that host says which display a machine has")
    }
    if host == nil, display != nil || identity != nil || config != nil {
      throw ValidationError("--display, --identity and --config are for --host; a machine's own display is known")
    }
    if let display, !(0...99).contains(display) { throw ValidationError("a display is 0 to 99, got \(display)") }
    if let port, !(1...65535).contains(port) { throw ValidationError("a port is 1 to 65535, got \(port)") }
  }

  func run() throws {
    do {
      let host = try output.host()
      let remote = self.host
      try Session.perform {
        if let remote {
          var address = try RemoteAddress(remote)
          (address.identity, address.config) = (identity, config)
          let spec = TunnelSpec(address, display: display ?? 0)
          try await Self.show(spec, port, browser: browser, host)
          return
        }
        guard let name else { return }
        let view = try await host.view(machine: name, port: port)
        try await Self.show(view, browser: browser, host) { () async throws(HostError) in
          try await host.waitForEnd(ofMachine: name)
        }
        host.note("the machine \(name) has ended")
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }

  /// Shows a display of another host as long as the tunnel lasts.
  private static func show(_ spec: TunnelSpec, _ port: Int?, browser: Bool, _ host: LocalHost) async throws {
    let tunnel = try host.tunnel(spec, bySocket: true)
    let ssh = Task { await tunnel.run() }
    let result: Result<Void, any Error>
    do {
      try await tunnel.waitUntilUp(within: .seconds(30))
      let view = try await host.view(tunnel, port: port)
      try await show(view, browser: browser, host) { () async throws(HostError) in try await tunnel.waitForEnd() }
      result = .success(())
    } catch { result = .failure(error) }
    await tunnel.close()
    await ssh.value
    try result.get()
  }

  /// Prints where it is, and keeps it until `end` returns.
  private static func show(
    _ view: ViewServer, browser: Bool, _ host: LocalHost, until end: () async throws(HostError) -> Void
  ) async throws {
    let result: Result<Void, HostError>
    do throws(HostError) {
      Session.write(view.url + "\n", to: STDOUT_FILENO)
      if browser, !(try await host.openBrowser(view)) {
        host.note("open the address in a browser on this machine; Ctrl-C ends the page")
      }
      try await end()
      result = .success(())
    } catch { result = .failure(error) }
    await view.close()
    try result.get()
  }
}
