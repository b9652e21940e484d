import NIOCore
import NIOPosix
import Synchronization

/// What a tunnel leads to.
public struct TunnelSpec: Sendable, Equatable {
  public var address: RemoteAddress
  /// The VNC display there, on its loopback.
  public var display: Int
  /// The display here; nil is the same one when it is free, else a free one.
  public var localDisplay: Int?

  public init(_ address: RemoteAddress, display: Int) {
    self.address = address
    self.display = display
  }
}

/// A VNC display of another host on a port of this one's loopback, or on a Unix socket, by `ssh -L`. It lasts as long as its ssh,
/// which belongs to a task that has to call ``run()``.
public final class Tunnel: Sendable {
  /// What leads there.
  enum End: Sendable {
    /// A display on 127.0.0.1, for every user of this host.
    case display(Int)
    /// A socket that only the calling user can open, with its line in the journal; nil in a dry run.
    case socket(String, JournalEntry?)
  }

  public let spec: TunnelSpec
  let end: End
  private let host: LocalHost
  private let process: ChildProcess
  /// Whether this tunnel keeps the port from others.
  private let isReserved: Atomic<Bool>

  /// The display on 127.0.0.1 that leads there; of a tunnel by a socket, the one over there.
  public var display: Int { if case .display(let number) = end { number } else { spec.display } }
  public var port: Int { LocalHost.port(ofDisplay: display) }

  fileprivate init(
    _ spec: TunnelSpec, _ end: End, isReserved: Bool, _ host: LocalHost, _ process: ChildProcess
  ) {
    self.spec = spec
    self.end = end
    self.host = host
    self.process = process
    self.isReserved = Atomic(isReserved)
  }

  deinit { letGo() }

  /// Runs ssh; returns when it has ended.
  public func run() async { await process.run() }

  /// Waits until the display there answers.
  /// - Throws: `connection` when it cannot be reached or its host key is not known; `permission` when it does not let the user in, or
  ///   forwards nothing; `missing` when no VNC server answers there; `busy` when the port here is taken; `timeout`. After an error ssh
  ///   has ended.
  public func waitUntilUp(within limit: Duration) async throws(HostError) {
    if host.isDryRun { return }
    do throws(HostError) {
      try await withTimeLimit(limit, "the tunnel to \(spec.address.destination) did not come up") {
        () async throws(HostError) in
        guard try await process.line() != nil else { throw try await refusal() }
        guard try await isScreen() else { throw try await refusal() }
      }
      letGo()
    } catch {
      await process.close()
      letGo()
      throw error
    }
  }

  /// By now ssh has the port, or it is not needed.
  private func letGo() {
    if isReserved.exchange(false, ordering: .relaxed) { host.release(LocalHost.reservation(ofPort: port)) }
  }

  /// Waits until ssh ends.
  /// - Throws: `system` always: by itself it ends only when the connection is lost.
  public func waitForEnd() async throws(HostError) {
    if host.isDryRun { return }
    let result = try await process.wait()
    throw HostError(.system, "the tunnel to \(spec.address.destination) has ended", detail: result.errorText)
  }

  public func close() async {
    await process.close()
    if case .socket(let path, let entry?) = end {
      try? Files.remove(path)
      try? host.journal.strike(entry)
    }
  }

  /// Connects to what is over there.
  func connect(
    on group: any EventLoopGroup, _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) async throws -> any Channel {
    let bootstrap = ClientBootstrap(group: group).channelInitializer(initialize)
    return switch end {
    case .display: try await bootstrap.connect(host: "127.0.0.1", port: port).get()
    case .socket(let path, _): try await bootstrap.connect(unixDomainSocketPath: path).get()
    }
  }

  /// Whether what it leads to greets as VNC servers do, first and at once (RFC 6143, 7.1.1).
  private func isScreen() async throws(HostError) -> Bool {
    let greeting = Greeting()
    do {
      let channel = try await connect(on: MultiThreadedEventLoopGroup.singleton) { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(greeting) }
      }
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
    let (text, destination) = (result.errorText, spec.address.destination)
    func error(_ code: HostError.Code, _ message: String, _ hint: String) -> HostError {
      HostError(code, message, hint: hint, detail: text)
    }
    if text.contains("Address already in use") || text.contains("cannot listen to port") {
      return error(
        .busy, "display \(display) (port \(port)) is taken here",
        "choose another one, or leave it out to get a free one")
    }
    if text.contains("administratively prohibited") {
      return error(
        .permission, "the sshd of \(destination) allows no forwarding", "AllowTcpForwarding in its sshd_config says so")
    }
    if text.contains("open failed: connect failed") {
      let remote = LocalHost.port(ofDisplay: spec.display)
      return error(
        .missing, "no VNC server answers on display \(spec.display) (port \(remote)) of \(destination)",
        "kdevlua ps there lists the machines with their displays")
    }
    return spec.address.failure(status: result.status, text)
  }
}

extension LocalHost {
  /// Display N is port 5900 + N (RFC 6143, section 1 and common use).
  static func port(ofDisplay display: Int) -> Int { 5900 + display }

  /// A tunnel to a VNC display of another host, as in the document: `ssh -L 5901:localhost:5901 user@remote`. It is up when
  /// ``Tunnel/waitUntilUp(within:)`` returns.
  /// - Parameter bySocket: it ends in a socket that only the calling user can open, and not on a port of loopback.
  /// - Throws: `missing` without ssh; `busy` when no display is free here.
  public func tunnel(_ spec: TunnelSpec, bySocket: Bool = false) throws(HostError) -> Tunnel {
    if !isDryRun { _ = try executables.require("ssh") }
    let end: Tunnel.End = bySocket ? try tunnelSocket() : .display(try localDisplay(spec))
    let here =
      switch end {
      case .display(let display): "127.0.0.1:\(Self.port(ofDisplay: display))"
      // A colon ends it, and % begins what ssh replaces.
      case .socket(let path, _):
        path.replacing("\\", with: "\\\\").replacing(":", with: "\\:").replacing("%", with: "%%")
      }
    // The first value of an option counts. A connection of its own, which ends with it, even where the configuration shares one;
    // LocalCommand is run when the port is open; what ssh says of a refused channel is no error of its own.
    let options = [
      "ExitOnForwardFailure=yes", "ClearAllForwardings=no", "ControlPath=none", "LogLevel=INFO",
      "PermitLocalCommand=yes",
      "LocalCommand=echo up", "StreamLocalBindMask=0177", "StreamLocalBindUnlink=yes",
    ]
    let forward = "\(here):localhost:\(Self.port(ofDisplay: spec.display))"
    let words =
      ["ssh", "-N", "-T"] + options.flatMap { ["-o", $0] } + spec.address.options(port: "-p")
      + ["-L", forward, "--", spec.address.destination]
    let process = ChildProcess(self, .change(words), timeLimit: nil, pipesInput: false)
    return Tunnel(spec, end, isReserved: !bySocket && spec.localDisplay == nil, self, process)
  }

  private func tunnelSocket() throws(HostError) -> Tunnel.End {
    let path = "\(state.root)/view-\(String(UInt32.random(in: .min ... .max), radix: 16)).sock"
    guard path.utf8.count <= longestSocketPath else {
      throw HostError(
        .invalid, "\(path) is too long for a Unix socket (\(longestSocketPath) bytes at most)",
        hint: "set KDEVLUA_STATE to a shorter path")
    }
    if isDryRun { return .socket(path, nil) }
    try state.make(state.root)
    return .socket(path, try Transaction.none(self).record(.temporary(path: path)))
  }

  private func localDisplay(_ spec: TunnelSpec) throws(HostError) -> Int {
    if let wanted = spec.localDisplay { return wanted }
    for display in [spec.display] + Array(1...99) {
      let port = Self.port(ofDisplay: display)
      if try isFreeLoopbackPort(port), try reserve(Self.reservation(ofPort: port), for: nil) {
        return display
      }
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
