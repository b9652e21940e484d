import Glibc
import Testing

@testable import Host

@Suite struct ConsoleStampsTests {
  private let fixture: Fixture
  init() throws { fixture = try Fixture() }

  private func folder(_ log: String, _ stamps: String?) throws -> MachineFolder {
    let folder = MachineFolder(path: fixture.root)
    try Files.write(Array(log.utf8), to: folder.consoleLog)
    if let stamps { try Files.write(Array(stamps.utf8), to: folder.consoleStamps) }
    return folder
  }

  private func said(_ folder: MachineFolder) async throws -> String {
    let console = try GuestConsole(folder, fromStart: true, timestamps: true)
    var text: [UInt8] = []
    // QEMU does not run, so this is all.
    while let bytes = try await console.read() { text += bytes }
    return String(decoding: text, as: UTF8.self)
  }

  private func at(_ time: Int64) -> String { String(decoding: ConsoleStamps.text(time), as: UTF8.self) }

  @Test func eachLineHasTheTimeAtWhichItsFirstByteCame() async throws {
    let folder = try folder("one\ntwo\n\nthree", "1000 0 6\n2500 6 9\n4000 9 14\n")
    #expect(try await said(folder) == "\(at(1000))one\n\(at(1000))two\n\(at(2500))\n\(at(4000))three")
  }

  @Test func whatIsNotNotedYetHasTheTimeOfTheLogsLastChange() async throws {
    let folder = try folder("one\ntwo\n", "1000 0 4\n20")
    var times = [timespec(tv_sec: 7, tv_nsec: 5_000_000), timespec(tv_sec: 7, tv_nsec: 5_000_000)]
    #expect(utimensat(AT_FDCWD, folder.consoleLog, &times, 0) == 0)
    #expect(try await said(folder) == "\(at(1000))one\n\(at(7005))two\n")
  }

  @Test func aMachineWithoutNotedTimesIsRefused() throws {
    let folder = try folder("one\n", nil)
    #expect(throws: HostError.self) { try GuestConsole(folder, fromStart: true, timestamps: true) }
  }

  @Test func aTimeIsWrittenWithMilliseconds() throws {
    #expect(try Regex(#"\[19(69|70)-\d\d-\d\d \d\d:\d\d:01\.042\] "#).wholeMatch(in: at(1042)) != nil)
  }
}
