import Glibc
import NIOCore
import NIOPosix

/// Splits a stream at line feeds; carriage returns before them go.
struct LineDecoder: ByteToMessageDecoder {
  typealias InboundOut = ByteBuffer

  /// How much of the buffer is known to have no line feed: a line may be megabytes long, and come in a thousand pieces.
  private var searched = 0

  mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
    let bytes = buffer.readableBytesView
    guard let end = bytes.dropFirst(searched).firstIndex(of: UInt8(ascii: "\n")),
      var line = buffer.readSlice(length: end - buffer.readerIndex)
    else {
      searched = bytes.count
      return .needMoreData
    }
    searched = 0
    buffer.moveReaderIndex(forwardBy: 1)
    if line.readableBytesView.last == UInt8(ascii: "\r") { line.moveWriterIndex(to: line.writerIndex - 1) }
    context.fireChannelRead(wrapInboundOut(line))
    return .continue
  }
}

/// Connects to a Unix socket.
/// - Throws: `missing` when there is no socket or nobody listens on it.
func connectUnix(
  _ path: String, _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
) async throws(HostError) -> any Channel {
  let connecting = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    .channelInitializer(initialize).connect(unixDomainSocketPath: path)
  do { return try await connecting.get() } catch {
    throw HostError(.missing, "nobody answers on the socket \(path)", detail: "\(error)")
  }
}

/// Waits for a future of NIO; what it fails with becomes a `HostError`. A cancelled task stops waiting.
func wait<R: Sendable>(_ future: EventLoopFuture<R>) async throws(HostError) -> R {
  do {
    let cancelled = future.eventLoop.makePromise(of: R.self)
    future.cascade(to: cancelled)
    return try await withTaskCancellationHandler {
      try await cancelled.futureResult.get()
    } onCancel: {
      cancelled.fail(HostError.cancelled)
    }
  } catch let error as HostError {
    throw error
  } catch {
    throw HostError(.system, "a connection failed: \(error)")
  }
}

/// Longest path that a Unix socket's address holds, without the final NUL (unix(7)).
let longestSocketPath = 107

/// A TCP port on loopback that nobody listens on now; `LocalHost.reserveLoopbackPort` keeps it free.
func freeLoopbackPort() throws(HostError) -> Int {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  guard descriptor >= 0 else { throw .system("could not make a socket", errno: errno) }
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let bound = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
    }
  }
  guard bound else { throw .system("could not find a free port on 127.0.0.1", errno: errno) }
  return Int(UInt16(bigEndian: address.sin_port))
}
