import Testing

@testable import Host

/// `LocalHost.run(_:orUntil:)`.
@Suite struct EarlyEndTests {
  private let fixture: Fixture
  init() throws { fixture = try Fixture() }

  private func shell(_ script: String) -> Command { .change("sh", "-c", script) }

  @Test func aCommandThatHasDoneWhatItIsForIsLeftToEndByItself() async throws {
    let (done, ended) = (fixture.root + "/done", fixture.root + "/ended")
    let pipe = fixture.root + "/pipe"
    let host = try fixture.host()
    try await host.require(.change("mkfifo", pipe), to: "make a pipe")
    let result = try await host.run(shell("touch \(done); read line <\(pipe); touch \(ended)")) { Files.exists(done) }
    #expect(result.succeeded)
    #expect(!Files.exists(ended))
    try await host.require(shell("echo >\(pipe)"), to: "let it go on")
    while !Files.exists(ended) { try await pause(.milliseconds(5)) }
  }

  @Test func aCommandThatEndsBeforeThatHasItsOwnOutcome() async throws {
    let result = try await fixture.host().run(shell("echo no; exit 3")) { false }
    #expect(result.status == 3)
    #expect(result.outputText == "no\n")
  }

  @Test func aCommandIsEndedWithTheTaskThatWaitsForIt() async throws {
    let (begun, ended) = (fixture.root + "/begun", fixture.root + "/ended")
    let host = try fixture.host()
    let command = shell("touch \(begun); sleep 60; touch \(ended)")
    let waiting = Task { try await host.run(command) { false } }
    while !Files.exists(begun) { try await pause(.milliseconds(5)) }
    waiting.cancel()
    await #expect(throws: HostError.cancelled) { try await waiting.value }
    #expect(!Processes.all().contains { $0.arguments == ["sh", "-c", command.arguments[2]] })
  }
}
