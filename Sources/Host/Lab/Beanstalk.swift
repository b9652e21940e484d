import NIOCore
import NIOPosix

/// A connection to a beanstalkd, the queue of teuthology's dispatchers (beanstalkd's doc/protocol.txt).
///
/// Requests are answered in their order, so many can be on their way at once.
///
///     let queue = try await Beanstalk.connect(host: "queue", port: 11300)
///     try await queue.use("smithi")
///     let numbers = try await queue.put([BeanstalkJob(body: yaml, priority: 100)])
public final class Beanstalk: Sendable {
  private let channel: any Channel
  private let handler: BeanstalkHandler
  private let address: String
  private let timeLimit: Duration

  private init(_ channel: any Channel, _ handler: BeanstalkHandler, address: String, timeLimit: Duration) {
    self.channel = channel
    self.handler = handler
    self.address = address
    self.timeLimit = timeLimit
  }

  /// - Parameters:
  ///   - host: a name or an address.
  ///   - port: beanstalkd's own is 11300.
  ///   - timeLimit: for the connection, and for the answer to each request (of all jobs, when several are put).
  /// - Throws: `missing` when nobody listens there, `timeout`.
  public static func connect(
    host: String, port: Int = 11300, timeLimit: Duration = .seconds(60)
  ) async throws(HostError) -> Beanstalk {
    let handler = BeanstalkHandler()
    let address = "\(host):\(port)"
    let connecting = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connectTimeout(.seconds(20))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers(ByteToMessageHandler(BeanstalkDecoder()), handler)
        }
      }.connect(host: host, port: port)
    let channel: any Channel
    do { channel = try await connecting.get() } catch {
      if Task.isCancelled { throw .cancelled }
      throw HostError(
        .missing, "no beanstalkd answers at \(address)",
        hint: "set queue_host and queue_port in ~/.teuthology.yaml; the lab's queue is often reached by its VPN only",
        detail: "\(error)")
    }
    return Beanstalk(channel, handler, address: address, timeLimit: timeLimit)
  }

  /// Says which tube jobs are put into.
  public func use(_ tube: String) async throws(HostError) {
    try Self.check(tube)
    _ = try await ask("use \(tube)", "USING")
  }

  /// Puts jobs into the tube in use, all on their way at once.
  /// - Returns: their numbers, in order.
  /// - Throws: `command` with beanstalkd's word when it refuses one, as `JOB_TOO_BIG`. Those that it took by then are taken
  ///   out again; the error says so when that fails.
  public func put(_ jobs: [BeanstalkJob]) async throws(HostError) -> [UInt64] {
    guard !jobs.isEmpty else { return [] }
    var requests: [ByteBuffer] = []
    requests.reserveCapacity(jobs.count)
    for job in jobs {
      var buffer = channel.allocator.buffer(capacity: job.body.count + 64)
      buffer.writeString("put \(job.priority) \(job.delay) \(job.timeToRun) \(job.body.count)\r\n")
      buffer.writeBytes(job.body)
      buffer.writeString("\r\n")
      requests.append(buffer)
    }
    // To the end, even when the caller is cancelled: else nobody would know which jobs are in.
    let answers: [BeanstalkAnswer]
    do {
      answers = try await uncancelled { [requests] () async throws(HostError) in try await self.send(requests) }
    } catch {
      var error = error
      error.hint = "some of the jobs may be in the queue: teuthology-queue -m MACHINE-TYPE lists them"
      throw error
    }
    var numbers: [UInt64] = []
    var refusal: String?
    for answer in answers {
      if answer.words.first == "INSERTED", answer.words.count > 1, let number = UInt64(answer.words[1]) {
        numbers.append(number)
      } else {
        refusal = refusal ?? answer.words.joined(separator: " ")
        // A job that is buried for want of memory has a number, too.
        if answer.words.first == "BURIED", let number = answer.words.last.flatMap(UInt64.init) {
          numbers.append(number)
        }
      }
    }
    guard let refusal else { return numbers }
    let left = try await uncancelled { [numbers] () async throws(HostError) in
      var left = 0
      for number in numbers where try await !self.delete(number) { left += 1 }
      return left
    }
    throw HostError(
      .command, "beanstalkd at \(address) refused a job: \(refusal)",
      hint: left > 0 ? "\(left) of the jobs before it are taken already, and stay" : "nothing was scheduled")
  }

  /// Takes a job out.
  /// - Returns: false when there is no such job, or a worker has it.
  public func delete(_ number: UInt64) async throws(HostError) -> Bool {
    try await answer("delete \(number)").words.first == "DELETED"
  }

  /// A job's body; nil when there is no such job.
  public func peek(_ number: UInt64) async throws(HostError) -> [UInt8]? {
    let answer = try await answer("peek \(number)")
    return answer.words.first == "FOUND" ? answer.body : nil
  }

  /// What beanstalkd says of a tube, as `current-jobs-ready`; nil when nothing was ever in it.
  public func statistics(ofTube tube: String) async throws(HostError) -> [String: String]? {
    try Self.check(tube)
    let answer = try await answer("stats-tube \(tube)")
    return answer.words.first == "OK" ? Self.pairs(answer.body) : nil
  }

  /// What beanstalkd says of itself, as `version` and `current-jobs-ready`.
  public func statistics() async throws(HostError) -> [String: String] {
    Self.pairs(try await ask("stats", "OK").body)
  }

  /// Ends the connection; a tube in use and nothing else is forgotten.
  public func close() { channel.close(promise: nil) }

  // MARK: -

  /// beanstalkd's rule for names.
  private static func check(_ tube: String) throws(HostError) {
    let signs = Set("-+/;.$_()".utf8)
    let isName = tube.utf8.allSatisfy { byte in
      signs.contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    guard isName, !tube.isEmpty, tube.utf8.count <= 200, !tube.hasPrefix("-") else {
      throw HostError(.invalid, "\"\(tube)\" is no name of a tube: letters, digits and -+/;.$_(), 200 at most")
    }
  }

  /// The `name: value` lines of a statistic.
  private static func pairs(_ body: [UInt8]) -> [String: String] {
    var pairs: [String: String] = [:]
    for line in String(decoding: body, as: UTF8.self).split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      pairs[String(line[..<colon])] = line[line.index(after: colon)...].drop { $0 == " " }.filter { $0 != "\"" }
    }
    return pairs
  }

  private func answer(_ request: String) async throws(HostError) -> BeanstalkAnswer {
    let answers = try await send([ByteBuffer(string: request + "\r\n")])
    guard let answer = answers.first else { throw BeanstalkHandler.ended }
    return answer
  }

  private func ask(_ request: String, _ wanted: String) async throws(HostError) -> BeanstalkAnswer {
    let answer = try await answer(request)
    guard answer.words.first == wanted else {
      throw HostError(.command, "beanstalkd at \(address) refused \(request): \(answer.words.joined(separator: " "))")
    }
    return answer
  }

  private func send(_ requests: [ByteBuffer]) async throws(HostError) -> [BeanstalkAnswer] {
    try await withTimeLimit(timeLimit, "beanstalkd at \(address) did not answer") {
      [handler, channel] () async throws(HostError) in
      try await wait(handler.send(requests, on: channel))
    }
  }
}

/// A job for a beanstalkd.
public struct BeanstalkJob: Sendable, Equatable {
  public var body: [UInt8]
  /// The lower the sooner.
  public var priority: UInt32
  /// How many seconds nobody gets it.
  public var delay: UInt32
  /// How many seconds a worker may take until another gets it.
  public var timeToRun: UInt32

  public init(body: [UInt8], priority: UInt32 = 1000, delay: UInt32 = 0, timeToRun: UInt32 = 86400) {
    self.body = body
    self.priority = priority
    self.delay = delay
    self.timeToRun = timeToRun
  }
}

/// A line of beanstalkd, with the data behind it if it announces some.
struct BeanstalkAnswer: Sendable {
  var words: [String]
  var body: [UInt8] = []
}

/// Splits what beanstalkd sends into answers.
struct BeanstalkDecoder: ByteToMessageDecoder {
  typealias InboundOut = BeanstalkAnswer

  private var head: [String]?

  mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
    if head == nil {
      guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")),
        let line = buffer.readString(length: end + 1 - buffer.readerIndex)
      else { return .needMoreData }
      head = line.split { $0 == " " || $0.isNewline }.map(String.init)
    }
    guard let words = head else { return .needMoreData }
    var answer = BeanstalkAnswer(words: words)
    if ["OK", "FOUND", "RESERVED"].contains(words.first) {
      guard let size = words.last.flatMap(Int.init), size >= 0 else {
        throw HostError(.system, "beanstalkd sent a line that is none: \(words.joined(separator: " "))")
      }
      guard buffer.readableBytes >= size + 2, let bytes = buffer.readBytes(length: size) else { return .needMoreData }
      buffer.moveReaderIndex(forwardBy: 2)
      answer.body = bytes
    }
    head = nil
    context.fireChannelRead(wrapInboundOut(answer))
    return .continue
  }
}

/// Pairs answers with requests. All state is touched on the channel's event loop only.
private final class BeanstalkHandler: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = BeanstalkAnswer

  static let ended = HostError(.system, "beanstalkd ended the connection")

  /// Requests that were sent together.
  private struct Batch {
    var answers: [BeanstalkAnswer] = []
    let count: Int
    let promise: EventLoopPromise<[BeanstalkAnswer]>
  }

  private var batches = CircularBuffer<Batch>()
  private var failure: HostError?

  func send(_ requests: [ByteBuffer], on channel: any Channel) -> EventLoopFuture<[BeanstalkAnswer]> {
    let loop = channel.eventLoop
    return loop.flatSubmit {
      if let failure = self.failure { return loop.makeFailedFuture(failure) }
      let promise = loop.makePromise(of: [BeanstalkAnswer].self)
      self.batches.append(Batch(count: requests.count, promise: promise))
      for request in requests { channel.write(request, promise: nil) }
      channel.flush()
      return promise.futureResult
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !batches.isEmpty else { return fail(context, HostError(.system, "beanstalkd answers what nobody asked")) }
    let place = batches.startIndex
    batches[place].answers.append(unwrapInboundIn(data))
    guard batches[place].answers.count == batches[place].count else { return }
    let batch = batches.removeFirst()
    batch.promise.succeed(batch.answers)
  }

  func channelInactive(context: ChannelHandlerContext) { fail(context, Self.ended) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(context, error as? HostError ?? HostError(.system, "the connection to beanstalkd failed: \(error)"))
  }

  private func fail(_ context: ChannelHandlerContext, _ error: HostError) {
    failure = failure ?? error
    let waiting = batches
    batches.removeAll()
    for batch in waiting { batch.promise.fail(error) }
    context.close(promise: nil)
  }
}
