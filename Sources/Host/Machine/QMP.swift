import FoundationEssentials
import NIOCore
import NIOPosix
import Synchronization

/// A connection to a QEMU by its machine protocol (QEMU's qmp-spec: a greeting, `qmp_capabilities`, then commands with an
/// `id` that their answers carry, and events in between).
public final class QMP: Sendable {
  private let channel: any Channel
  private let handler: QMPHandler

  private init(channel: any Channel, handler: QMPHandler) {
    self.channel = channel
    self.handler = handler
  }

  /// Connects and negotiates.
  /// - Parameters:
  ///   - path: the socket of `-qmp unix:PATH,server=on,wait=off`.
  ///   - descriptor: handed to QEMU, which gives it a name by the first `getfd`; the caller's stays open.
  /// - Throws: `missing` when nobody listens there, `timeout` when QEMU does not greet within the limit.
  public static func connect(
    _ path: String, timeLimit: Duration = .seconds(5), handing descriptor: Int32? = nil
  ) async throws(HostError) -> QMP {
    let handler = QMPHandler()
    let channel = try await connectUnix(path, handing: descriptor) { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandlers(ByteToMessageHandler(LineDecoder()), handler)
      }
    }
    let qmp = QMP(channel: channel, handler: handler)
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
