import NIOCore
import NIOEmbedded
import Testing

@testable import Host

/// What is said to the lab, without the lab; with real servers it is tested in Tests/Lua/teuthology_test.lua.
@Suite struct LabTests {
  @Test func anAddressHoldsAnyName() {
    #expect(
      HTTPRequest.url("http://h/", ["runs", "a b:c/d", ""], query: [("distros", "centos/9"), ("x", "ü")])
        == "http://h/runs/a%20b%3Ac%2Fd/?distros=centos%2F9&x=%C3%BC")
  }

  @Test func answersOfTheQueueAreSplitWhereverTheyAreCut() throws {
    let text = "USING a\r\nINSERTED 12\r\nOK 8\r\n---\na: 1\r\nNOT_FOUND\r\nFOUND 3 0\r\n\r\n"
    for cut in 0...text.utf8.count {
      let channel = EmbeddedChannel(handler: ByteToMessageHandler(BeanstalkDecoder()))
      try channel.writeInbound(ByteBuffer(bytes: text.utf8.prefix(cut)))
      try channel.writeInbound(ByteBuffer(bytes: text.utf8.dropFirst(cut)))
      var answers: [BeanstalkAnswer] = []
      while let answer = try channel.readInbound(as: BeanstalkAnswer.self) { answers.append(answer) }
      #expect(
        answers.map(\.words) == [
          ["USING", "a"], ["INSERTED", "12"], ["OK", "8"], ["NOT_FOUND"], ["FOUND", "3", "0"],
        ])
      #expect(answers[2].body == Array("---\na: 1".utf8))
      _ = try? channel.finish()
    }
  }

  @Test func aLineThatIsNoneIsAnError() {
    let channel = EmbeddedChannel(handler: ByteToMessageHandler(BeanstalkDecoder()))
    #expect(throws: HostError.self) { try channel.writeInbound(ByteBuffer(string: "OK many\r\n")) }
  }

  @Test func aRunWithoutJobsHasNoMemo() throws {
    let report = try report(#"{"name":"r","suite":"fs","jobs":[]}"#)
    #expect(report.memo == nil && report.jobs.isEmpty && report.unfinished == 0)
    #expect(RunReport(.array([]), name: "r") == nil)
  }

  @Test func aMemoReadsNumbersAndTexts() throws {
    func memo(_ text: String) throws -> RerunMemo {
      try #require(report(#"{"jobs":[\#(text)]}"#).memo)
    }
    let number = try memo(#"{"seed":3,"subset":"1/1"}"#)
    #expect(number.seed == 3 && number.subset == nil && number.hasNestedSubsets)
    let text = try memo(#"{"seed":"4","subset":"2/5","no_nested_subset":true}"#)
    #expect(text.seed == 4 && text.subset == "2/5" && !text.hasNestedSubsets)
  }

  @Test func failuresAreGroupedByReasonTheMostFrequentFirst() throws {
    let json = """
      {"jobs":[{"job_id":"1","status":"fail","failure_reason":"a"},{"job_id":"2","status":"fail","failure_reason":"b"},
      {"job_id":"3","status":"fail","failure_reason":"b"},{"job_id":"4","status":"pass"},{"job_id":5,"status":"running"}]}
      """
    let report = try report(json)
    #expect(report.failures.map(\.reason) == ["b", "a"])
    #expect(report.orderedCounts.map(\.status) == ["pass", "fail", "running"])
    #expect(report.unfinished == 1)
  }

  @Test func waitsForABuildDoubleUpToTenTimesTheFirst() {
    var waits = BuildPatience.Waits(BuildPatience(interval: .seconds(30)))
    let seconds = (0..<7).map { _ in waits.take() / .seconds(1) }
    #expect(seconds == [30, 60, 120, 240, 300, 300, 300])
  }

  private func report(_ text: String) throws -> RunReport {
    let json = try #require(JSONValue(json: Array(text.utf8)))
    return try #require(RunReport(json, name: "r"))
  }
}
