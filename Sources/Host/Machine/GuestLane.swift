import Glibc
import NIOCore
import NIOPosix

/// A raw stream of bytes between one program in the guest and the host: a virtio port of its own. What is too much for
/// the lines of the agent goes here, unharmed and no faster than the other side takes it.
///
/// The guest has ``count`` of them, named `kdevlua.lane.N`.
final class GuestLane: Sendable {
  static let count = 4

  private let channel: any Channel
  private let handler: LaneHandler

  /// - Parameters:
  ///   - path: the socket of the lane's character device.
  ///   - isFirst: whether nobody of this process has had the lane. How its last host went is not known then, and the port may be
  ///     held back (``GuestChannel``): so one comes and goes before.
  /// - Throws: `missing` when the machine has no such lane.
  init(connectingTo path: String, isFirst: Bool) async throws(HostError) {
    if isFirst {
      let channel = try await connectUnix(path) { $0.eventLoop.makeSucceededVoidFuture() }
      try? await channel.close().get()
    }
    let handler = LaneHandler()
    self.handler = handler
    channel = try await connectUnix(path) { channel in
      channel.setOption(.autoRead, value: false).flatMapThrowing {
        try channel.pipeline.syncOperations.addHandler(handler)
      }
    }
  }

  /// What has come, as much as is there; nil when QEMU has ended the connection.
  func next() async throws(HostError) -> [UInt8]? {
    try await wait(handler.next(on: channel)).map { Array($0.readableBytesView) }
  }

  /// Writes; returns when the guest's side has taken all but what the socket holds.
  func write(_ bytes: [UInt8]) async throws(HostError) {
    try await wait(channel.writeAndFlush(ByteBuffer(bytes: bytes)))
  }

  /// Has the guest see the end of what was written, after all of it.
  func finish() async throws(HostError) { try await wait(channel.close(mode: .output)) }

  func close() { channel.close(promise: nil) }
}

/// Hands on what comes, when somebody asks for it. All state is touched on the channel's event loop only.
private final class LaneHandler: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer

  private var buffers: [ByteBuffer] = []
  private var reader: EventLoopPromise<ByteBuffer?>?
  private var closed = false

  func next(on channel: any Channel) -> EventLoopFuture<ByteBuffer?> {
    channel.eventLoop.flatSubmit {
      if !self.buffers.isEmpty { return channel.eventLoop.makeSucceededFuture(self.buffers.removeFirst()) }
      if self.closed { return channel.eventLoop.makeSucceededFuture(nil) }
      // An earlier one was asked for by a task that was cancelled.
      self.reader?.fail(HostError.cancelled)
      let promise = channel.eventLoop.makePromise(of: ByteBuffer?.self)
      self.reader = promise
      channel.read()
      return promise.futureResult
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    guard let reader else { return buffers.append(bytes) }
    self.reader = nil
    reader.succeed(bytes)
  }

  func channelInactive(context: ChannelHandlerContext) {
    closed = true
    reader?.succeed(nil)
    reader = nil
  }
}

/// The lanes of one machine: who wants some waits until they are free.
final class GuestLanes: Sendable {
  typealias Taken = (number: Int, lane: GuestLane)
  private struct State: Sendable {
    var free: [Int]
    /// With those that are taken now.
    var count: Int
    /// Those that were taken before.
    var known: Set<Int> = []
  }

  private let paths: [String]
  private let state: Watched<State>

  init(_ folder: MachineFolder) {
    let paths = folder.lanes
    self.paths = paths
    // A machine that was started by an earlier kdevlua has none.
    let free = paths.indices.filter { Files.exists(paths[$0]) }
    state = Watched(State(free: free, count: free.count))
  }

  /// Whether there are so many, free or taken.
  func hasLanes(_ count: Int) -> Bool { state.quietly { $0.count >= count } }

  /// Takes lanes, all at once, as of two that wait for each other's none would go on.
  /// - Throws: `missing` when the machine has not so many; `cancelled`.
  func take(_ count: Int) async throws(HostError) -> [Taken] {
    let numbers = try await state.wait { state -> [(number: Int, isFirst: Bool)]? in
      if state.count < count { return [] }
      guard state.free.count >= count else { return nil }
      defer { state.free.removeFirst(count) }
      return state.free.prefix(count).map { ($0, state.known.insert($0).inserted) }
    }
    guard numbers.count == count else { throw HostError(.missing, "the machine has not so many lanes") }
    var taken: [Taken] = []
    do throws(HostError) {
      for (number, isFirst) in numbers {
        taken.append((number, try await GuestLane(connectingTo: paths[number], isFirst: isFirst)))
      }
    } catch {
      for lane in taken { lane.lane.close() }
      state.change { $0.free += numbers.map(\.number) }
      throw error
    }
    return taken
  }

  /// - Parameter lost: the one that a program in the guest holds still; nobody else can have it.
  func giveBack(_ lanes: [Taken], lost: Int? = nil) {
    for lane in lanes { lane.lane.close() }
    let numbers = lanes.map(\.number).filter { $0 != lost }
    // The one that was used last comes last: a program that has just ended may not have let go of it yet.
    state.change { state in
      state.free += numbers
      if lost != nil { state.count -= 1 }
    }
  }
}
