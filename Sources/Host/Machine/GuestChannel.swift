import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// What a command in the guest left.
public struct GuestResult: Sendable, Equatable {
  /// The exit status; 128 + N when signal N ended it.
  public var status: Int
  public var output: [UInt8]
  public var error: [UInt8]
}

/// The guest's words when a session begins.
public struct GuestHello: Sendable, Equatable {
  /// `uname -r`.
  public let release: String
  /// The kernel's random identifier of its boot.
  let boot: String
}

/// A session with the agent in the guest. The protocol is the comment at the head of stdlib/guest/agent.
public final class GuestChannel: Sendable {
  private let greeted: Mutex<GuestHello>
  private let channel: any Channel
  private let handler: GuestHandler

  /// What the guest said last when a session began.
  public var hello: GuestHello { greeted.withLock { $0 } }
  /// Whether QEMU has closed the channel.
  var hasEnded: Bool { !channel.isActive }

  private init(hello: GuestHello, channel: any Channel, handler: GuestHandler) {
    greeted = Mutex(hello)
    self.channel = channel
    self.handler = handler
  }

  /// Begins a session on whichever of the guest's channels answers first.
  /// - Parameter paths: sockets of QEMU's character devices: the virtio port, and the serial line for kernels without virtio.
  /// - Throws: `missing` when no socket is there, `guest` when QEMU closes both, `cancelled`. Waits without limit.
  static func open(_ paths: [String]) async throws(HostError) -> GuestChannel {
    var opened: Result<GuestChannel, HostError>?
    await withTaskGroup(of: Result<GuestChannel, HostError>.self) { group in
      for path in paths {
        group.addTask {
          do throws(HostError) { return .success(try await begin(path)) } catch { return .failure(error) }
        }
      }
      for await result in group {
        switch (opened, result) {
        case (.success?, .success(let late)): late.close()
        case (.success?, .failure): break
        case (_, .success): opened = result; group.cancelAll()
        case (_, .failure): opened = opened ?? result
        }
      }
    }
    if Task.isCancelled, case .success(let channel)? = opened {
      channel.close()
      throw .cancelled
    }
    guard let opened else { throw HostError(.invalid, "a guest without a channel") }
    return try opened.get()
  }

  /// QEMU 7.2 holds a port's data back for good when the guest wrote to it in the moment in which its host went, as happens to
  /// a machine that was paused (virtio-console.c: flush_buf throttles the port after virtio_serial_close has freed it). The
  /// next host's going frees it, so one that gets no answer goes and comes again.
  private static func begin(_ path: String) async throws(HostError) -> GuestChannel {
    var patience = Duration.milliseconds(1500)
    while true {
      do throws(HostError) {
        return try await withTimeLimit(patience, "no answer") { () async throws(HostError) in
          try await beginOnce(path)
        }
      } catch {
        switch error.code {
        // A slow guest has its time, too.
        case .timeout: patience *= 2
        // QEMU does not take its callers: it stands still.
        case .busy: try await pause(.milliseconds(500))
        default: throw error
        }
      }
    }
  }

  private static func beginOnce(_ path: String) async throws(HostError) -> GuestChannel {
    let nonce = String((0..<16).compactMap { _ in "0123456789abcdefghijklmnopqrstuvwxyz".randomElement() })
    let handler = GuestHandler(nonce: nonce)
    let channel = try await connectUnix(path) { channel in
      channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler) }
    }
    // The agent is asked when the host comes, by the handler when the agent comes, and now and then, since what is sent to
    // a serial line before the agent has opened it is lost. (Seldom: it answers each, when it comes.)
    let repeated = channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(500)) { task in
      guard channel.isActive, !handler.isInSession else { return task.cancel() }
      channel.writeAndFlush(ByteBuffer(string: "\nsync \(nonce) ;\n"), promise: nil)
    }
    do {
      let hello = try await wait(handler.hello(on: channel.eventLoop))
      return GuestChannel(hello: hello, channel: channel, handler: handler)
    } catch {
      repeated.cancel()
      // Until it is gone nobody else gets in.
      try? await channel.close().get()
      throw error
    }
  }

  /// What programs end with that the guest does not know of any more.
  static let restored = HostError(.guest, "the guest went back to a saved state, and its programs are lost")

  /// Begins the session anew: the guest is not where it was any more, as it went on from a saved state. Programs that are
  /// waited for end with an error of the kind `guest`.
  func begin() async throws(HostError) {
    try await wait(handler.begin(on: channel))
  }

  /// Waits until the guest has booted anew, and its agent has begun a session.
  /// - Throws: `guest` when QEMU ends, `cancelled`.
  func nextBoot(after before: GuestHello) async throws(HostError) {
    let hello = try await wait(handler.nextBoot(after: before, on: channel.eventLoop))
    greeted.withLock { $0 = hello }
  }

  /// Runs a program in the guest and waits for its end. A cancelled task kills the program's process group.
  /// - Parameters:
  ///   - arguments: the argument vector; bytes are passed on unharmed.
  ///   - directory: the working folder in the guest; nil is `/`.
  ///   - environment: variables added to the agent's own.
  ///   - input: the standard input; nil is `/dev/null`.
  /// - Throws: `invalid` for an empty vector or a NUL in a word, `guest` when the guest ends before the program does.
  public func execute(
    _ arguments: [[UInt8]], directory: [UInt8]? = nil, environment: [(name: String, value: [UInt8])] = [],
    input: [UInt8]? = nil
  ) async throws(HostError) -> GuestResult {
    guard let program = arguments.first, !program.isEmpty else {
      throw HostError(.invalid, "an empty command for the guest")
    }
    let settings = environment.map { Array($0.name.utf8) + [UInt8(ascii: "=")] + $0.value }
    let words = settings + arguments
    guard !(words + [directory ?? []]).contains(where: { $0.contains(0) }) else {
      throw HostError(.invalid, "an argument with a NUL byte cannot be passed to a program")
    }
    let id = try await wait(handler.nextID(on: channel.eventLoop))
    var lines = ByteBuffer()
    for start in stride(from: 0, to: input?.count ?? 0, by: Self.dataChunk) {
      guard let input else { break }
      lines.writeString("data \(id) \(Base64.encode(input[start..<min(start + Self.dataChunk, input.count)])) ;\n")
    }
    lines.writeString("exec \(id) \(Self.word(directory ?? [])) \(settings.count) \(input?.isEmpty == false ? 1 : 0)")
    for word in words { lines.writeString(" " + Self.word(word)) }
    lines.writeString(" ;\n")
    let answer = handler.register(id, sending: lines, on: channel)
    do throws(HostError) {
      return try await wait(answer)
    } catch {
      if error.code == .cancelled {
        // Waited for, since the program may end right after.
        try? await channel.writeAndFlush(ByteBuffer(string: "kill \(id) KILL ;\n")).get()
      }
      throw error
    }
  }

  /// Asks the guest to write its disks and power off; QEMU ends then.
  func powerOff() { channel.writeAndFlush(ByteBuffer(string: "poweroff ;\n"), promise: nil) }

  public func close() { channel.close(promise: nil) }

  /// Most input that one line may carry.
  private static let dataChunk = 48 << 10

  /// A word in the agent's quoting: `$'...'` with \xHH for all but plain bytes.
  static func word(_ bytes: [UInt8]) -> String {
    var text = "$'"
    for byte in bytes {
      if plain.contains(byte) {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16)
        text += "\\x" + (digits.count == 1 ? "0" : "") + digits
      }
    }
    return text + "'"
  }

  private static let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%+,./:=@_-".utf8)
}

/// Frames what the guest sends and pairs it with requests. All state is touched on the channel's event loop only.
private final class GuestHandler: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer

  private struct Body {
    let id: String
    let status: Int
    let output: Int
    let error: Int
  }

  private var nonce: String
  private var beginnings = 0
  private var buffer = ByteBuffer()
  private var body: Body?
  private var session: GuestHello?
  private var greeting: EventLoopPromise<GuestHello>?
  private var rebooting: (before: GuestHello, promise: EventLoopPromise<GuestHello>)?
  private var pending: [String: EventLoopPromise<GuestResult>] = [:]
  private var lastID = 0
  private var closed = false

  init(nonce: String) { self.nonce = nonce }

  var isInSession: Bool { session != nil }

  func hello(on loop: any EventLoop) -> EventLoopFuture<GuestHello> {
    loop.flatSubmit {
      if let session = self.session { return loop.makeSucceededFuture(session) }
      if self.closed { return loop.makeFailedFuture(Self.ended) }
      let promise = loop.makePromise(of: GuestHello.self)
      self.greeting = promise
      return promise.futureResult
    }
  }

  func nextBoot(after before: GuestHello, on loop: any EventLoop) -> EventLoopFuture<GuestHello> {
    loop.flatSubmit {
      if let session = self.session, session.boot != before.boot { return loop.makeSucceededFuture(session) }
      if self.closed { return loop.makeFailedFuture(Self.ended) }
      let promise = loop.makePromise(of: GuestHello.self)
      self.rebooting = (before, promise)
      return promise.futureResult
    }
  }

  func begin(on channel: any Channel) -> EventLoopFuture<Void> {
    let loop = channel.eventLoop
    return loop.flatSubmit {
      if self.closed { return loop.makeFailedFuture(Self.ended) }
      for promise in self.pending.values { promise.fail(GuestChannel.restored) }
      self.pending = [:]
      self.body = nil
      self.session = nil
      self.buffer.clear()
      // Another than before, so that an answer to an earlier one is not taken for it.
      self.beginnings += 1
      self.nonce = "\(self.nonce.prefix(16))r\(self.beginnings)"
      let promise = loop.makePromise(of: GuestHello.self)
      self.greeting = promise
      channel.writeAndFlush(ByteBuffer(string: "\nsync \(self.nonce) ;\n"), promise: nil)
      return promise.futureResult.map { _ in }
    }
  }

  func nextID(on loop: any EventLoop) -> EventLoopFuture<String> {
    loop.submit {
      self.lastID += 1
      return "\(self.nonce)\(self.lastID)"
    }
  }

  func register(_ id: String, sending lines: ByteBuffer, on channel: any Channel) -> EventLoopFuture<GuestResult> {
    channel.eventLoop.flatSubmit {
      if self.closed { return channel.eventLoop.makeFailedFuture(Self.ended) }
      let promise = channel.eventLoop.makePromise(of: GuestResult.self)
      self.pending[id] = promise
      channel.writeAndFlush(lines, promise: nil)
      return promise.futureResult
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    buffer.writeBuffer(&bytes)
    while step(context) {}
    buffer.discardReadBytes()
  }

  /// Takes one thing from the front of the buffer. Before the session begins, all is dropped up to the hello asked for.
  private func step(_ context: ChannelHandlerContext) -> Bool {
    if let body {
      guard buffer.readableBytes >= body.output + body.error, let output = buffer.readBytes(length: body.output),
        let error = buffer.readBytes(length: body.error)
      else { return false }
      self.body = nil
      pending.removeValue(forKey: body.id)?.succeed(GuestResult(status: body.status, output: output, error: error))
      return true
    }
    guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")),
      let line = buffer.readString(length: end - buffer.readerIndex)
    else { return false }
    buffer.moveReaderIndex(forwardBy: 1)
    let fields = line.split(whereSeparator: { $0 == " " || $0 == "\r" }).map(String.init)
    if fields.count == 5, fields[0] == "hello", fields[1] == nonce {
      let hello = GuestHello(release: fields[3], boot: fields[4])
      session = hello
      if let rebooting, rebooting.before.boot != hello.boot {
        rebooting.promise.succeed(hello)
        self.rebooting = nil
      }
      greeting?.succeed(hello)
      greeting = nil
    } else if fields.count > 1, fields[0] == "hello", fields[1] == "-" {
      // The agent has just started. What an earlier one was at will have no answer.
      for promise in pending.values { promise.fail(Self.restarted) }
      pending = [:]
      context.writeAndFlush(NIOAny(ByteBuffer(string: "\nsync \(nonce) ;\n")), promise: nil)
    } else if session != nil, fields.count == 5, fields[0] == "done", let status = Int(fields[2]),
      let output = Int(fields[3]), let error = Int(fields[4]), (0...255).contains(status),
      Self.lengths.contains(output), Self.lengths.contains(error)
    {
      body = Body(id: fields[1], status: status, output: output, error: error)
    }
    return true
  }

  /// Most output that a guest may announce.
  private static let lengths = 0...(1 << 32)

  private static let restarted = HostError(.guest, "the guest's agent was started anew, and its programs are lost")

  func channelInactive(context: ChannelHandlerContext) {
    closed = true
    greeting?.fail(Self.ended)
    greeting = nil
    rebooting?.promise.fail(Self.ended)
    rebooting = nil
    for promise in pending.values { promise.fail(Self.ended) }
    pending = [:]
  }

  private static let ended = HostError(.guest, "the guest has ended")
}
