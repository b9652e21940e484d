import FoundationEssentials
import NIOCore
import NIOPosix

/// A connection to QEMU's own agent in the guest, `qemu-ga` (QEMU's qemu-ga-ref): for systems that have it installed, and not
/// kdevlua's. Requests are JSON, a line each, as with QMP, but without a greeting, and nothing tells that nobody is there.
final class QEMUAgent: GuestControl {
  /// What the port is called that qemu-ga opens by itself.
  static let port = "org.qemu.guest_agent.0"

  let release: String
  private let connection: QEMUAgentConnection

  private init(_ connection: QEMUAgentConnection, release: String) {
    self.connection = connection
    self.release = release
  }

  /// Connects, and waits without limit until the agent in the guest answers.
  /// - Parameter path: the socket of the port's character device.
  /// - Throws: `missing` when the machine has no such port, `guest` when QEMU ends, `cancelled`; `command` when the agent may not
  ///   run programs.
  static func open(_ path: String) async throws(HostError) -> QEMUAgent {
    let connection = try await QEMUAgentConnection(path)
    do throws(HostError) {
      try await connection.synchronize()
      let name = try await connection.run(["-c", "uname -r"], input: nil)
      return QEMUAgent(connection, release: String(decoding: name.output, as: UTF8.self).filter { $0 != "\n" })
    } catch {
      connection.close()
      throw error
    }
  }

  func begin() async throws(HostError) { try await connection.synchronize() }
  func powerOff() { connection.powerOff() }
  func close() { connection.close() }

  /// qemu-ga keeps no more than 16 MiB of an output, and gives it at the end; what is to come earlier goes over the lanes
  /// (``GuestStreams``), as with kdevlua's agent.
  /// - Throws: besides what the protocol says, `invalid` for words that are not UTF-8, as the agent speaks JSON; `command` when the
  ///   agent refuses, or an output is too long.
  func execute(
    _ arguments: [[UInt8]], directory: [UInt8]?, environment: [(name: String, value: [UInt8])], input: [UInt8]?
  ) async throws(HostError) -> GuestResult {
    guard let program = arguments.first, !program.isEmpty else {
      throw HostError(.invalid, "an empty command for the guest")
    }
    let settings = environment.map { Array($0.name.utf8) + [UInt8(ascii: "=")] + $0.value }
    var words: [String] = []
    for word in [directory ?? [UInt8(ascii: "/")]] + settings + arguments { words.append(try Self.text(word)) }
    let command = (settings.isEmpty ? [] : ["env"]) + words.dropFirst()
    return try await connection.run(["-c", Self.script, "kdevlua", words[0]] + command, input: input)
  }

  /// DIRECTORY PROGRAM ...: a process group of its own where the system has setsid(1), so that all of it can be killed.
  private static let script = """
    cd -- "$1" || exit 125
    shift
    if command -v setsid >/dev/null 2>&1; then exec setsid "$@"; fi
    exec "$@"
    """

  private static func text(_ bytes: [UInt8]) throws(HostError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw HostError(
        .invalid, "\"\(String(decoding: bytes, as: UTF8.self))\" is not UTF-8 without NUL, which QEMU's agent wants",
        hint: "give such bytes by the standard input")
    }
    return text
  }
}

/// Requests to qemu-ga and their answers.
private final class QEMUAgentConnection: Sendable {
  private let channel: any Channel
  private let handler: QEMUAgentHandler

  init(_ path: String) async throws(HostError) {
    let handler = QEMUAgentHandler()
    self.handler = handler
    channel = try await connectUnix(path) { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandlers(ByteToMessageHandler(LineDecoder()), handler)
      }
    }
  }

  /// Waits until the agent answers, whatever was said before: to it by others, or by it before the guest went back to a saved
  /// state.
  func synchronize() async throws(HostError) {
    let number = Int.random(in: 1..<(1 << 31))
    // What is sent before qemu-ga runs may be lost.
    while true {
      do throws(HostError) {
        let answer = try await withTimeLimit(.seconds(1), "no answer") { () async throws(HostError) in
          try await self.ask("guest-sync", ["id": .integer(number)], beginsAnew: true)
        }
        if answer.integer == number { return }
      } catch {
        guard error.code == .timeout else { throw error }
      }
    }
  }

  /// - Throws: `command` with the agent's words when it refuses, such as for what its system has switched off; `guest` when
  ///   QEMU ends before it answers.
  @discardableResult
  func ask(
    _ command: String, _ arguments: [String: JSONValue] = [:], beginsAnew: Bool = false
  ) async throws(HostError) -> JSONValue {
    let answer = try await wait(handler.send(command, arguments, beginsAnew: beginsAnew, on: channel))
    if let error = answer["error"] {
      throw HostError(
        .command, "QEMU's agent in the guest refused \(command): \(error["desc"]?.string ?? "no reason given")",
        hint: error["class"]?.string == "CommandNotFound" || error["desc"]?.string?.contains("disabled") == true
          ? "allow \(command) in the guest: /etc/qemu/qemu-ga.conf, or BLACKLIST_RPC in /etc/sysconfig/qemu-ga" : nil)
    }
    return answer["return"] ?? .null
  }

  /// Runs /bin/sh to its end. A cancelled task kills its process group.
  func run(_ words: [String], input: [UInt8]?) async throws(HostError) -> GuestResult {
    var arguments: [String: JSONValue] = [
      "path": .string("/bin/sh"), "arg": .array(words.map { .string($0) }), "capture-output": .bool(true),
    ]
    if let input { arguments["input-data"] = .string(Base64.encode(input[...])) }
    guard let process = try await ask("guest-exec", arguments)["pid"]?.integer else {
      throw HostError(.guest, "QEMU's agent in the guest did not start the program")
    }
    do throws(HostError) { return try await finish(process) } catch {
      if error.code == .cancelled {
        let line = "kill -KILL -\(process) 2>/dev/null || kill -KILL \(process)"
        _ = try? await uncancelled { () async throws(HostError) in
          try await self.ask(
            "guest-exec", ["path": .string("/bin/sh"), "arg": .array([.string("-c"), .string(line)])])
        }
      }
      throw error
    }
  }

  /// Asks again and again, as the agent tells nothing by itself: more seldom when the program takes its time.
  private func finish(_ process: Int) async throws(HostError) -> GuestResult {
    var delay = Duration.milliseconds(2)
    while true {
      let state = try await ask("guest-exec-status", ["pid": .integer(process)])
      if state["exited"]?.bool == true {
        guard state["out-truncated"]?.bool != true, state["err-truncated"]?.bool != true else {
          throw HostError(
            .command, "the program wrote more than QEMU's agent keeps, which is 16 MiB",
            hint: "give stdout a file or a function")
        }
        let status = state["exitcode"]?.integer ?? state["signal"]?.integer.map { 128 + $0 } ?? 0
        return GuestResult(
          status: status, output: try Self.bytes(state["out-data"]), error: try Self.bytes(state["err-data"]))
      }
      try await pause(delay)
      delay = min(delay * 2, .milliseconds(100))
    }
  }

  private static func bytes(_ value: JSONValue?) throws(HostError) -> [UInt8] {
    guard let text = value?.string, !text.isEmpty else { return [] }
    guard let data = Data(base64Encoded: text) else {
      throw HostError(.guest, "QEMU's agent in the guest sent what is no base64")
    }
    return [UInt8](data)
  }

  /// The agent does not answer to that.
  func powerOff() {
    _ = handler.send("guest-shutdown", ["mode": .string("powerdown")], beginsAnew: false, on: channel)
  }

  func close() { channel.close(promise: nil) }
}

/// Pairs answers with requests. All state is touched on the channel's event loop only.
private final class QEMUAgentHandler: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer

  private let requests = QMPRequests(ended: HostError(.guest, "the guest has ended"))

  /// - Parameter beginsAnew: forget all that was asked before, and have the agent drop half a request (a byte 0xFF, which is in
  ///   no JSON, does that).
  func send(
    _ command: String, _ arguments: [String: JSONValue], beginsAnew: Bool, on channel: any Channel
  ) -> EventLoopFuture<JSONValue> {
    channel.eventLoop.flatSubmit {
      if beginsAnew { self.requests.fail(with: GuestChannel.restored) }
      return self.requests.send(command, arguments, after: beginsAnew ? [0xFF] : [], on: channel)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let line = unwrapInboundIn(data)
    guard let message = try? JSONDecoder().decode(JSONValue.self, from: Data(line.readableBytesView)) else { return }
    // What it says of the byte 0xFF is no answer.
    if message["id"] == nil, message["error"]?["desc"]?.string?.contains("JSON parse error") == true { return }
    // Before QEMU 4.0 it did not say to what it answers; then it is to the first.
    guard let id = message["id"]?.integer ?? requests.oldest else { return }
    requests.answer(id, with: message)
  }

  func channelInactive(context: ChannelHandlerContext) { requests.close() }
}
