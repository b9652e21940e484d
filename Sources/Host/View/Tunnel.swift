import NIOCore
import NIOPosix

/// What a tunnel leads to, and how.
public struct TunnelSpec: Sendable, Equatable {
  /// As ssh(1) takes it: `user@remote`, or a `Host` of the user's configuration.
  public var host: String
  /// The VNC display there, on its loopback.
  public var display: Int
  /// The display here; nil is the same one when it is free, else a free one.
  public var localDisplay: Int?
  /// The port of its sshd; nil is what the configuration says.
  public var port: Int?
  /// A file with a private key.
  public var identity: String?
  /// More, as ssh_config(5) has them: `ProxyJump=gate`.
  public var options: [String] = []

  public init(host: String, display: Int) {
    self.host = host
    self.display = display
  }
}

/// A VNC display of another host on a port of this one's loopback, by `ssh -L`. It lasts as long as its ssh, which belongs to a task
/// that has to call ``run()``.
public final class Tunnel: Sendable {
  public let spec: TunnelSpec
  /// The display on 127.0.0.1 that leads there.
  public let display: Int
  private let host: LocalHost
  private let process: ChildProcess

  public var port: Int { LocalHost.port(ofDisplay: display) }

  fileprivate init(_ spec: TunnelSpec, display: Int, _ host: LocalHost, _ process: ChildProcess) {
    self.spec = spec
    self.display = display
    self.host = host
    self.process = process
  }

  /// Runs ssh; returns when it has ended.
  public func run() async { await process.run() }

  /// Waits until the display there answers.
  /// - Throws: `missing` when no sshd, or no VNC server, answers; `permission` when the host's key is not known or ours is not
  ///   taken; `busy` when the port here is taken; `timeout`. After an error ssh has ended.
  public func waitUntilUp(within limit: Duration) async throws(HostError) {
    if host.isDryRun { return }
    do throws(HostError) {
      try await withTimeLimit(limit, "the tunnel to \(spec.host) did not come up") { () async throws(HostError) in
        guard try await process.line() != nil else { throw try await refusal() }
        guard try await Self.isScreen(port) else { throw try await refusal() }
      }
      host.release(LocalHost.reservation(ofPort: port))
    } catch {
      await process.close()
      throw error
    }
  }

  /// Waits until ssh ends.
  /// - Throws: `system` always: by itself it ends only when the connection is lost.
  public func waitForEnd() async throws(HostError) {
    if host.isDryRun { return }
    let result = try await process.wait()
    throw HostError(.system, "the tunnel to \(spec.host) has ended", detail: result.errorText)
  }

  public func close() async { await process.close() }

  /// Whether what the port leads to greets as VNC servers do, first and at once (RFC 6143, 7.1.1).
  private static func isScreen(_ port: Int) async throws(HostError) -> Bool {
    let greeting = Greeting()
    do {
      let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(greeting) }
        }
        .connect(host: "127.0.0.1", port: port).get()
      defer { channel.close(promise: nil) }
      return try await wait(greeting.isScreen(on: channel.eventLoop))
    } catch let error as HostError {
      throw error
    } catch { return false }
  }

  /// What ssh said, in our words where it is something usual.
  private func refusal() async throws(HostError) -> HostError {
    // What it has to say of a refused channel has come before the channel's end.
    await process.close()
    let result = try await process.wait()
    let text = result.errorText
    let remote = LocalHost.port(ofDisplay: spec.display)
    func error(_ code: HostError.Code, _ message: String, _ hint: String) -> HostError {
      HostError(code, message, hint: hint, detail: text)
    }
    if text.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
      return error(
        .permission, "the key of \(spec.host) is not the one that is known",
        "if it was installed anew: ssh-keygen -R with its name, then ssh \(spec.host) once")
    }
    if text.contains("Host key verification failed") {
      return error(
        .permission, "the key of \(spec.host) is not known", "ssh \(spec.host) once, to look at it and take it")
    }
    if text.contains("Permission denied") {
      return error(
        .permission, "\(spec.host) does not let you in without a question",
        "load a key by ssh-add, or name its file: identity")
    }
    if text.contains("Address already in use") || text.contains("cannot listen to port") {
      return error(
        .busy, "display \(display) (port \(port)) is taken here",
        "choose another one, or leave it out to get a free one")
    }
    if text.contains("administratively prohibited") {
      return error(
        .permission, "the sshd of \(spec.host) allows no forwarding", "AllowTcpForwarding in its sshd_config says so")
    }
    if text.contains("open failed: connect failed") {
      return error(
        .missing, "no VNC server answers on display \(spec.display) (port \(remote)) of \(spec.host)",
        "kdevlua ps there lists the machines with their displays")
    }
    if text.contains("connect to host") || text.contains("Could not resolve hostname") || text.contains("timed out") {
      return error(.missing, "no sshd answers at \(spec.host)", "check the name, the port and the network")
    }
    return HostError(
      .command, "the tunnel to \(spec.host) could not be made", command: result.status == 0 ? nil : ["ssh", spec.host],
      status: result.status, detail: text)
  }
}

extension LocalHost {
  /// Display N is port 5900 + N (RFC 6143, section 1 and common use).
  static func port(ofDisplay display: Int) -> Int { 5900 + display }

  /// A tunnel to a VNC display of another host, as in the document: `ssh -L 5901:localhost:5901 user@remote`. It is up when
  /// ``Tunnel/waitUntilUp(within:)`` returns.
  /// - Throws: `invalid` for what cannot be a host's name; `missing` without ssh; `busy` when the display here is taken.
  public func tunnel(_ spec: TunnelSpec) throws(HostError) -> Tunnel {
    let isName = spec.host.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }
    guard !spec.host.isEmpty, !spec.host.hasPrefix("-"), isName else {
      throw HostError(.invalid, "\"\(spec.host)\" cannot be a host", hint: "as ssh takes it: user@remote")
    }
    let display = try localDisplay(spec)
    var words = ["ssh", "-N", "-T"]
    // No question: the terminal is the script's. A connection of its own, which ends with it, even where the configuration
    // shares one. LocalCommand is run when the port is open.
    let options = [
      "BatchMode=yes", "ExitOnForwardFailure=yes", "ControlPath=none", "ConnectTimeout=10", "ServerAliveInterval=5",
      "ServerAliveCountMax=3", "LogLevel=INFO", "PermitLocalCommand=yes", "LocalCommand=echo up",
    ]
    words += (options + spec.options).flatMap { ["-o", $0] }
    if let port = spec.port { words += ["-p", String(port)] }
    if let identity = spec.identity { words += ["-i", Files.absolute(identity)] }
    let remote = Self.port(ofDisplay: spec.display)
    words += ["-L", "127.0.0.1:\(Self.port(ofDisplay: display)):localhost:\(remote)", "--", spec.host]
    if !isDryRun { _ = try executables.require("ssh") }
    let process = ChildProcess(self, .change(words), timeLimit: nil, pipesInput: false)
    return Tunnel(spec, display: display, self, process)
  }

  private func localDisplay(_ spec: TunnelSpec) throws(HostError) -> Int {
    if let wanted = spec.localDisplay { return wanted }
    for display in [spec.display] + Array(1...99) {
      let port = Self.port(ofDisplay: display)
      if try isFreeLoopbackPort(port), try reserve(Self.reservation(ofPort: port), for: spec.host) { return display }
    }
    throw HostError(.busy, "no display of 127.0.0.1 is free", hint: "kdevlua ps lists what uses them")
  }
}

/// Waits for the first bytes of a VNC server. All state is touched on the channel's event loop only.
private final class Greeting: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer

  private var seen = ByteBuffer()
  private var outcome: Bool?
  private var promise: EventLoopPromise<Bool>?

  func isScreen(on loop: any EventLoop) -> EventLoopFuture<Bool> {
    loop.flatSubmit {
      if let outcome = self.outcome { return loop.makeSucceededFuture(outcome) }
      let promise = self.promise ?? loop.makePromise(of: Bool.self)
      self.promise = promise
      return promise.futureResult
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    seen.writeBuffer(&bytes)
    if seen.readableBytes >= 4 { finish(seen.getString(at: 0, length: 4) == "RFB ") }
  }

  func channelInactive(context: ChannelHandlerContext) { finish(false) }

  private func finish(_ isScreen: Bool) {
    guard outcome == nil else { return }
    outcome = isScreen
    promise?.succeed(isScreen)
  }
}
