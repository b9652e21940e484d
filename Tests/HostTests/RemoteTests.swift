import Testing

@testable import Host

@Suite struct RemoteTests {
  @Test func anAddressIsWhatSshTakes() throws {
    let plain = try RemoteAddress("user@box")
    #expect(plain.destination == "user@box" && plain.port == nil)
    let whole = try RemoteAddress("ssh://user@box:2222")
    #expect(whole.destination == "user@box" && whole.port == 2222)
    let six = try RemoteAddress("ssh://root@[::1]:22/")
    #expect(six.destination == "root@::1" && six.port == 22 && six.copyPrefix == "root@[::1]:")
    #expect(try RemoteAddress("ssh://[::1]").destination == "::1")
    for wrong in ["", "-oProxyCommand=x", "a b", "ssh://", "ssh://box:0", "ssh://box:x", "ssh://-l", "a/b"] {
      #expect(throws: HostError.self) { _ = try RemoteAddress(wrong) }
    }
  }

  @Test func theCallersOptionsComeBeforeTheDefaults() throws {
    var address = try RemoteAddress("box")
    address.options = ["ConnectTimeout": "1"]
    address.port = 22
    let words = address.ssh(["echo", "a 'b'"])
    let own = try #require(words.firstIndex(of: "ConnectTimeout=1"))
    let given = try #require(words.firstIndex(of: "ConnectTimeout=10"))
    #expect(own < given)
    #expect(words.suffix(3) == ["--", "box", #"echo 'a '\''b'\'''"#])
  }

  /// Two channels, each of which reads what the other writes.
  private func connected(
    perform: @escaping @Sendable ([UInt8]) async -> MessageChannel.Answer
  ) -> (asking: MessageChannel, hangUp: @Sendable () -> Void) {
    let (asking, answering) = (MessageChannel(), MessageChannel())
    let (there, putThere) = AsyncStream<[UInt8]>.makeStream()
    let (here, putHere) = AsyncStream<[UInt8]>.makeStream()
    for (channel, incoming, put) in [(asking, here, putThere), (answering, there, putHere)] {
      let pieces = Pieces(incoming)
      Task {
        await channel.run(
          read: { () async throws(HostError) in await pieces.next() },
          // Cut anywhere.
          write: { bytes async throws(HostError) in for byte in bytes { put.yield([byte]) } },
          endedBy: { HostError(.connection, "gone") }, perform: perform, note: { _ in })
        put.finish()
      }
    }
    return (asking, { putHere.finish() })
  }

  private actor Pieces {
    private var iterator: AsyncStream<[UInt8]>.Iterator
    init(_ stream: AsyncStream<[UInt8]>) { iterator = stream.makeAsyncIterator() }
    func next() async -> [UInt8]? {
      var copy = iterator
      let piece = await copy.next(isolation: self)
      iterator = copy
      return piece
    }
  }

  @Test func manyQuestionsAtOnceGetEachItsAnswer() async throws {
    let (channel, hangUp) = connected { .success($0.reversed()) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<50 {
        group.addTask {
          let body = Array("question \(number)".utf8)
          guard case .success(let answer) = try await channel.ask(body) else { throw HostError(.system, "failed") }
          #expect(answer == body.reversed())
        }
      }
      try await group.waitForAll()
    }
    hangUp()
    while channel.end == nil { await Task.yield() }
    await #expect(throws: HostError(.connection, "gone")) { _ = try await channel.ask([]) }
  }

  @Test func aCancelledQuestionIsCancelledThereAndWaitedFor() async throws {
    let (channel, _) = connected { _ in
      try? await Task.sleep(for: .seconds(1000))
      return .failure(Array("cleaned up".utf8))
    }
    let asked = Task { try await channel.ask([1]) }
    asked.cancel()
    guard case .failure(let text) = try await asked.value else { throw HostError(.system, "no failure") }
    #expect(text == Array("cleaned up".utf8))
  }
}
