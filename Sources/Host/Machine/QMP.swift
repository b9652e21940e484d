import CHost
import FoundationEssentials
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A connection to a QEMU by its machine protocol (QEMU's qmp-spec: a greeting, `qmp_capabilities`, then commands with an
/// `id` that their answers carry, and events in between).
public final class QMP: Sendable {
  private let channel: any Channel
  private let handler: QMPHandler
  /// The same socket once more, for descriptors: NIO sends bytes only. Nil for a connection that hands none over.
  private let socket: Int32?

  private init(channel: any Channel, handler: QMPHandler, socket: Int32?) {
    self.channel = channel
    self.handler = handler
    self.socket = socket
  }

  deinit { if let socket { Glibc.close(socket) } }

  /// Connects and negotiates.
  /// - Parameters:
  ///   - path: the socket of `-qmp unix:PATH,server=on,wait=off`.
  ///   - handsFiles: whether files will be handed over.
  /// - Throws: `missing` when nobody listens there, `timeout` when QEMU does not greet within the limit.
  public static func connect(
    _ path: String, timeLimit: Duration = .seconds(5), handsFiles: Bool = false
  ) async throws(HostError) -> QMP {
    let handler = QMPHandler()
    let own = handsFiles ? openUnixSocket(path) : -1
    let socket = own < 0 ? nil : fcntl(own, F_DUPFD_CLOEXEC, 0)
    let channel = try await connectUnix(path, by: own < 0 ? nil : own) { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandlers(ByteToMessageHandler(LineDecoder()), handler)
      }
    }
    let qmp = QMP(channel: channel, handler: handler, socket: socket)
    do {
      try await withTimeLimit(timeLimit, "QEMU did not greet on \(path)") { () async throws(HostError) in
        try await wait(handler.greeting(on: channel.eventLoop))
        _ = try await qmp.execute("qmp_capabilities")
      }
    } catch {
      qmp.close()
      throw error
    }
    return qmp
  }

  /// Executes a command and waits for its answer.
  /// - Parameters:
  ///   - command: its name in QEMU's QMP reference, such as `query-status`.
  ///   - arguments: its arguments by name.
  /// - Returns: what `return` holds.
  /// - Throws: `command` with QEMU's class and description when it refuses, `guest` when QEMU ends before it answers.
  @discardableResult
  public func execute(_ command: String, _ arguments: [String: JSONValue] = [:]) async throws(HostError) -> JSONValue {
    let answer = try await wait(handler.send(command, arguments, on: channel))
    if let error = answer["error"] {
      throw HostError(
        .command, "QEMU refused \(command): \(error["desc"]?.string ?? "no reason given")",
        detail: error["class"]?.string)
    }
    return answer["return"] ?? .null
  }

  /// Hands a descriptor over, which the next command takes that wants one (`getfd`, `add-fd`); the caller's stays open. It comes with a
  /// space (SCM_RIGHTS of unix(7)), so no other command may be under way.
  func hand(_ descriptor: Int32) throws(HostError) {
    guard let socket, chost_send_descriptor(socket, descriptor) == 1 else {
      throw .system("could not hand a descriptor to QEMU", errno: errno)
    }
  }

  /// Opens a file for QEMU, which has given root away when it was started by sudo.
  /// - Parameter flags: as for open(2), the same that QEMU will have.
  /// - Returns: the name that QEMU opens it by, as long as this connection lasts; what is open then stays open.
  func give(_ path: String, _ flags: Int32) async throws(HostError) -> String {
    let file = open(path, flags | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .system("could not open \(path)", errno: errno) }
    defer { Glibc.close(file) }
    try hand(file)
    return "/dev/fdset/\(try await execute("add-fd")["fdset-id"]?.integer ?? 0)"
  }

  /// Waits until QEMU closes the connection: it has ended.
  func closed() async { try? await channel.closeFuture.get() }

  public func close() { channel.close(promise: nil) }
}

/// Pairs answers with commands. All state is touched on the channel's event loop only.
private final class QMPHandler: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer

  private var greetingPromise: EventLoopPromise<Void>?
  private var greeted = false
  private let requests = QMPRequests(ended: HostError(.guest, "QEMU has ended"))

  func greeting(on loop: any EventLoop) -> EventLoopFuture<Void> {
    loop.flatSubmit {
      if self.greeted { return loop.makeSucceededVoidFuture() }
      if self.requests.isClosed { return loop.makeFailedFuture(self.requests.ended) }
      let promise = loop.makePromise(of: Void.self)
      self.greetingPromise = promise
      return promise.futureResult
    }
  }

  func send(_ command: String, _ arguments: [String: JSONValue], on channel: any Channel) -> EventLoopFuture<JSONValue>
  {
    channel.eventLoop.flatSubmit { self.requests.send(command, arguments, on: channel) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let line = unwrapInboundIn(data)
    guard let message = try? JSONDecoder().decode(JSONValue.self, from: Data(line.readableBytesView)) else { return }
    if message["QMP"] != nil {
      greeted = true
      greetingPromise?.succeed()
      greetingPromise = nil
    } else if let id = message["id"]?.integer {
      requests.answer(id, with: message)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    requests.close()
    greetingPromise?.fail(requests.ended)
    greetingPromise = nil
  }
}
