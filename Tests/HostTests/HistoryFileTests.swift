import Glibc
import Testing

@testable import Host

@Suite struct HistoryFileTests {
  @Test func entriesComeBackWhole() throws {
    let fixture = try Fixture()
    let state = try fixture.host().state
    let history = try HistoryFile("history", in: state)
    #expect(try history.load() == [])
    for entry in ["one", "if x then\n  y = \"\\n\"\nend", "日本\\"] { #expect(try history.append(entry)) }
    #expect(try HistoryFile("history", in: state).load() == ["one", "if x then\n  y = \"\\n\"\nend", "日本\\"])
    var status = stat()
    #expect(stat(state.root + "/history", &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test func whatBeginsWithABlankOrIsTooLongIsNotKept() throws {
    let fixture = try Fixture()
    let history = try HistoryFile("history", in: try fixture.host().state)
    #expect(try !history.append(" secret"))
    #expect(try !history.append(""))
    #expect(try !history.append(String(repeating: "x", count: HistoryFile.entryLimit + 1)))
    #expect(try history.load() == [])
  }

  @Test func ofEqualEntriesTheLastIsKept() throws {
    let fixture = try Fixture()
    let history = try HistoryFile("history", in: try fixture.host().state)
    for entry in ["a", "b", "a"] { try history.append(entry) }
    #expect(try history.load() == ["b", "a"])
  }

  @Test func sessionsAtTheSameTimeKeepEachOthersEntries() async throws {
    let fixture = try Fixture()
    let state = try fixture.host().state
    await withTaskGroup(of: Void.self) { group in
      for session in 0..<4 {
        group.addTask {
          guard let history = try? HistoryFile("history", in: state) else { return }
          for entry in 0..<50 { _ = try? history.append("entry \(session) \(entry)") }
        }
      }
    }
    let entries = try HistoryFile("history", in: state).load()
    #expect(Set(entries).count == 200)
  }

  @Test func aFileThatHasGrownIsCutAtTheNextSession() throws {
    let fixture = try Fixture()
    let state = try fixture.host().state
    let history = try HistoryFile("history", in: state)
    let lines = (0...2 * HistoryFile.limit).map { "x = \($0)\n" }.joined()
    try Files.write(Array(lines.utf8), to: state.root + "/history")
    let entries = try history.load()
    #expect(entries.count == HistoryFile.limit)
    #expect(entries.last == "x = \(2 * HistoryFile.limit)")
    #expect(try Files.read(state.root + "/history").split(separator: 10).count == HistoryFile.limit)
    #expect(try history.load() == entries)
  }
}
