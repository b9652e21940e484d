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
/// - Parameter socket: is connected already, and the channel's from now on.
/// - Throws: `missing` when there is no socket or nobody listens on it; `busy` when too many wait for whoever listens.
func connectUnix(
  _ path: String, by socket: Int32? = nil,
  _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
) async throws(HostError) -> any Channel {
  let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).channelInitializer(initialize)
  do {
    guard let socket else { return try await bootstrap.connect(unixDomainSocketPath: path).get() }
    return try await bootstrap.withConnectedSocket(socket).get()
  } catch let error as IOError where error.errnoCode == EAGAIN {
    throw HostError(.busy, "too many wait for an answer on the socket \(path)")
  } catch {
    throw HostError(.missing, "nobody answers on the socket \(path)", detail: "\(error)")
  }
}

/// Connects to a Unix socket.
/// - Returns: -1, with `errno`, when that is not possible now.
func openUnixSocket(_ path: String, flags: UInt32 = 0) -> Int32 {
  let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | flags), 0)
  guard number >= 0 else { return -1 }
  if withSocketAddress(unixAddress(path), { connect(number, $0, $1) }) == 0 { return number }
  let code = errno
  close(number)
  errno = code
  return -1
}

/// Connects to a TCP port and reads what its server says first.
/// - Returns: nothing when none says anything within five seconds.
func readBanner(_ host: UInt32, _ port: Int) -> [UInt8] {
  let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  guard number >= 0 else { return [] }
  defer { close(number) }
  // Of connecting, too (socket(7), SO_SNDTIMEO).
  var limit = timeval(tv_sec: 5, tv_usec: 0)
  for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
    setsockopt(number, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
  }
  guard withSocketAddress(ipv4Address(host, port), { connect(number, $0, $1) }) == 0 else { return [] }
  var bytes = [UInt8](repeating: 0, count: 255)
  let count = read(number, &bytes, bytes.count)
  return Array(bytes.prefix(max(0, count)))
}

/// Makes a Unix socket that others can connect to.
/// - Returns: the socket, which the caller has to close.
func listenUnix(_ path: String) throws(HostError) -> Int32 {
  let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  guard number >= 0 else { throw .system("could not make a socket", errno: errno) }
  if withSocketAddress(unixAddress(path), { bind(number, $0, $1) }) == 0, listen(number, 1) == 0 { return number }
  let code = errno
  close(number)
  throw .system("could not listen on \(path)", errno: code)
}

/// Has a system call take an address of any family.
func withSocketAddress<Address>(_ address: Address, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
  withUnsafePointer(to: address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, socklen_t(MemoryLayout<Address>.size)) }
  }
}

private func ipv4Address(_ host: UInt32, _ port: Int) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
  address.sin_addr.s_addr = host.bigEndian
  return address
}

private func unixAddress(_ path: String) -> sockaddr_un {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(longestSocketPath)) }
  return address
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

/// A port on loopback that nobody listens on now; `LocalHost.reserveLoopbackPort` keeps it free.
/// - Parameter isGood: whether it may be this one.
/// - Throws: `busy` when there is no such port.
func freeLoopbackPort(
  udp: Bool = false, where isGood: (Int) throws(HostError) -> Bool = { _ in true }
) throws(HostError) -> Int {
  // Linux offers the same port again and again when nobody has it, so those that are not good are held meanwhile.
  var held: [Int32] = []
  defer { for descriptor in held { close(descriptor) } }
  while let bound = try bindLoopback(0, udp: udp) {
    held.append(bound.descriptor)
    if try isGood(bound.port) { return bound.port }
  }
  throw HostError(.busy, "no port of 127.0.0.1 is free")
}

/// Whether nobody listens on a TCP port of loopback now.
func isFreeLoopbackPort(_ port: Int) throws(HostError) -> Bool {
  guard let bound = try bindLoopback(port, udp: false) else { return false }
  close(bound.descriptor)
  return true
}

/// Binds a socket.
/// - Parameter wanted: 0 is any port.
/// - Returns: the socket, which the caller has to close, and its port; nil when it is taken.
private func bindLoopback(_ wanted: Int, udp: Bool) throws(HostError) -> (descriptor: Int32, port: Int)? {
  let kind = Int32((udp ? SOCK_DGRAM : SOCK_STREAM).rawValue)
  let descriptor = socket(AF_INET, kind | Int32(SOCK_CLOEXEC.rawValue), 0)
  guard descriptor >= 0 else { throw .system("could not make a socket", errno: errno) }
  if !udp {
    // What was closed a moment ago does not keep a server from its port either.
    var reuses: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuses, socklen_t(MemoryLayout<Int32>.size))
  }
  var address = ipv4Address(0x7f00_0001, wanted)
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let bound = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
    }
  }
  if bound { return (descriptor, Int(UInt16(bigEndian: address.sin_port))) }
  let code = errno
  close(descriptor)
  if code == EADDRINUSE { return nil }
  throw .system("could not use port \(wanted) of 127.0.0.1", errno: code)
}
