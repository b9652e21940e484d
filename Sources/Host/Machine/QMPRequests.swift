import FoundationEssentials
import NIOCore

/// What was asked in QMP's form and is not answered yet: a line of JSON each way, paired by `id` (QEMU's qmp-spec). QEMU and its
/// agent in the guest both speak so. Touched on the channel's event loop only. (A class: a write that fails may end the connection
/// before it returns.)
final class QMPRequests {
  /// What a request fails with when it comes after the end of the connection.
  let ended: HostError
  private(set) var isClosed = false
  private var pending: [Int: EventLoopPromise<JSONValue>] = [:]
  private var lastID = 0

  init(ended: HostError) { self.ended = ended }

  /// The request that waits longest.
  var oldest: Int? { pending.keys.min() }

  /// - Parameter prefix: bytes to send before it.
  func send(
    _ command: String, _ arguments: [String: JSONValue], after prefix: [UInt8] = [], on channel: any Channel
  ) -> EventLoopFuture<JSONValue> {
    if isClosed { return channel.eventLoop.makeFailedFuture(ended) }
    lastID += 1
    var message: [String: JSONValue] = ["execute": .string(command), "id": .integer(lastID)]
    if !arguments.isEmpty { message["arguments"] = .object(arguments) }
    do {
      var bytes = channel.allocator.buffer(bytes: prefix)
      bytes.writeBytes(try JSONEncoder().encode(JSONValue.object(message)))
      bytes.writeString("\n")
      let promise = channel.eventLoop.makePromise(of: JSONValue.self)
      pending[lastID] = promise
      channel.writeAndFlush(bytes, promise: nil)
      return promise.futureResult
    } catch {
      return channel.eventLoop.makeFailedFuture(error)
    }
  }

  /// Hands an answer to whoever waits for it; nobody may.
  func answer(_ id: Int, with message: JSONValue) { pending.removeValue(forKey: id)?.succeed(message) }

  /// Fails all that is not answered.
  func fail(with error: HostError) {
    for promise in pending.values { promise.fail(error) }
    pending = [:]
  }

  /// The connection has ended.
  func close() {
    isClosed = true
    fail(with: ended)
  }
}
