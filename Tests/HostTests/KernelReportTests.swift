import Testing

@testable import Host

/// Reports that real kernels wrote, cut out of consoles. Those in `Consoles/` are of Debian's 6.1 kernel, under which a
/// module did what the file is called; the texts here are from the kernel's own documentation.
@Suite struct KernelReportTests {
  private func console(_ name: String) throws -> [UInt8] {
    try Files.read(Files.folder(of: #filePath) + "/Consoles/\(name).log")
  }

  private func reports(_ bytes: [UInt8], pieces: Int = .max) -> [KernelReport] {
    var parser = KernelReportParser()
    var found: [KernelReport] = []
    let size = min(pieces, max(bytes.count, 1))
    for start in stride(from: 0, to: bytes.count, by: size) {
      found += parser.take(Array(bytes[start..<min(bytes.count, start + size)]))
    }
    return found + parser.silence()
  }

  private func reports(text: String) -> [KernelReport] { reports(Array(text.utf8)) }

  @Test func aCleanBootHasNone() throws {
    #expect(reports(try console("clean")).isEmpty)
  }

  @Test func anOopsIsCutOutWhole() throws {
    let found = reports(try console("oops"))
    try #require(found.count == 1)
    let report = found[0]
    #expect(report.kind == .oops && report.isFatal)
    #expect(report.title == "BUG: kernel NULL pointer dereference, address: 0000000000000000")
    #expect(report.place == "kdevbreak_write+0x5/0x12 [kdevbreak]")
    #expect(report.command == "insmod" && report.processID == 128)
    #expect(report.time == 8.385705)
    #expect(report.lines.first?.hasSuffix("] " + report.title) == true)
    #expect(report.lines.last?.hasSuffix("---[ end trace 0000000000000000 ]---") == true)
    #expect(report.lines.contains { $0.hasSuffix("Oops: 0002 [#1] PREEMPT SMP NOPTI") })
    #expect(report.summary == report.title + " at kdevbreak_write+0x5/0x12 [kdevbreak], in insmod (128)")
  }

  @Test(arguments: [1, 7, 100])
  func itDoesNotMatterInWhatPiecesAConsoleComes(_ size: Int) throws {
    for name in ["oops", "warn", "atomic", "lockup"] {
      let bytes = try console(name)
      #expect(reports(bytes, pieces: size) == reports(bytes))
    }
  }

  @Test func anAccessToNoAddressAtAllIsAnOops() throws {
    let found = reports(try console("fault"))
    try #require(found.count == 1)
    #expect(found[0].kind == .oops && found[0].isFatal)
    #expect(found[0].title.hasPrefix("general protection fault, probably for non-canonical address 0xdead000000000100"))
    #expect(found[0].place == "kdevbreak_write+0x5/0x12 [kdevbreak]")
  }

  @Test func aBugIsOneReportWithItsException() throws {
    let found = reports(try console("bug"))
    try #require(found.count == 1)
    #expect(found[0].kind == .bug && found[0].isFatal)
    #expect(found[0].title == "kernel BUG at /src/kdevbreak/kdevbreak.c:47!")
    #expect(found[0].lines[0].hasSuffix("[ cut here ]------------"))
    #expect(found[0].lines.contains { $0.hasSuffix("invalid opcode: 0000 [#1] PREEMPT SMP NOPTI") })
  }

  @Test func aWarningSaysItsMessageOrItsLine() throws {
    let found = reports(try console("warn"))
    try #require(found.count == 1)
    #expect(found[0].kind == .warning && !found[0].isFatal)
    #expect(found[0].title == "kdevbreak: a warning was asked for")
    #expect(found[0].place == "kdevbreak_init+0x47/0x1000 [kdevbreak]")
    let plain = reports(try console("warn_on"))
    try #require(plain.count == 1)
    #expect(plain[0].title.hasPrefix("WARNING: CPU: 0 PID: "))
    #expect(plain[0].place?.hasPrefix("kdevbreak_init+") == true)
  }

  @Test func twoReportsInARowAreTwo() throws {
    let found = reports(try console("atomic"))
    #expect(found.map(\.kind) == [.bug, .warning])
    #expect(found[0].title.hasPrefix("BUG: scheduling while atomic: insmod/"))
    #expect(!found[0].isFatal)
    #expect(found[0].lines.last?.hasSuffix(" </TASK>") == true)
    #expect(found[1].title.hasPrefix("initcall kdevbreak_init+0x0/0x1000 [kdevbreak] returned with preemption"))
  }

  @Test func aPanicGoesToTheEndOfTheConsole() throws {
    let found = reports(try console("panic"))
    try #require(found.count == 1)
    #expect(found[0].kind == .panic && found[0].isFatal)
    #expect(found[0].title == "Kernel panic - not syncing: kdevbreak: a panic was asked for")
    #expect(found[0].lines.last?.contains("Kernel Offset: ") == true)
    #expect(reports(try console("sysrq")).map(\.title) == ["Kernel panic - not syncing: sysrq triggered crash"])
  }

  @Test func anOopsThatPanicsIsAnOopsAndAPanic() throws {
    #expect(reports(try console("oopspanic")).map(\.kind) == [.oops, .panic])
  }

  @Test func lockUpsAndHungTasksAreKnown() throws {
    let lockup = reports(try console("lockup"))
    #expect(lockup.map(\.kind) == [.softLockup, .softLockup])
    #expect(lockup.allSatisfy { $0.stopsPrograms && !$0.isFatal })
    #expect(lockup[0].place?.hasPrefix("kdevbreak_spin") == true)
    let hung = reports(try console("hung"))
    #expect(Set(hung.map(\.kind)) == [.hungTask])
    #expect(hung[0].title.hasPrefix("INFO: task kdevbreak:"))
  }

  @Test func anUnfinishedReportIsWholeAfterASilence() throws {
    let text = String(decoding: try console("oops"), as: UTF8.self)
    let end = try #require(text.firstRange(of: "Modules linked in"))
    var parser = KernelReportParser()
    #expect(parser.take(Array(text[..<end.lowerBound].utf8)).isEmpty)
    #expect(parser.isOpen)
    #expect(parser.silence().map(\.kind) == [.oops])
    #expect(!parser.isOpen)
  }

  @Test func whatAProgramWritesIsNoReportWhereTheKernelWritesTimes() {
    #expect(reports(text: "[    1.000000] Linux\nBUG: kernel NULL pointer dereference\nOops: 0002 [#1]\n").isEmpty)
    #expect(reports(text: "BUG: kernel NULL pointer dereference, address: 0\nOops: 0002 [#1]\n").map(\.kind) == [.oops])
  }

  @Test func aReportMayComeBehindAShellsPromptAndCallers() {
    let text = "[    1.000000][    T1] Linux\n/ # [    2.500000][  T131] BUG: Bad page state in process sh  pfn:1\n"
    let found = reports(text: text)
    #expect(found.map(\.title) == ["BUG: Bad page state in process sh  pfn:1"])
    #expect(found.first?.lines == ["[    2.500000][  T131] BUG: Bad page state in process sh  pfn:1"])
  }

  @Test(arguments: [
    "INFO: rcu_sched detected stalls on CPUs/tasks:",
    "rcu: INFO: rcu_preempt self-detected stall on CPU",
    "INFO: rcu_sched detected expedited stalls on CPUs/tasks: { 7-... } 21119 jiffies s: 73 root: 0x2/.",
  ])
  func stallsOfRCUAreKnown(_ line: String) {
    let found = reports(text: line + "\n\t2-...: (3 GPs behind) idle=06c/0/0 softirq=1453/1455 fqs=0\n")
    #expect(found.map(\.kind) == [.rcuStall])
    #expect(found.first?.lines.count == 2)
  }

  @Test func sanitizersAndTheLockValidatorDrawTheirOwnEnds() {
    let rule = String(repeating: "=", count: 66)
    let kasan = """
      \(rule)
      BUG: KASAN: slab-out-of-bounds in kmalloc_oob_right+0xa8/0xbc [test_kasan]
      Write of size 1 at addr ffff8801f44ec37b by task insmod/2760

      CPU: 1 PID: 2760 Comm: insmod Not tainted 4.19.0-rc3+ #698
      Call Trace:
       dump_stack+0x94/0xd8
      \(rule)
      Disabling lock debugging due to kernel taint
      """
    let found = reports(text: kasan + "\n")
    #expect(found.map(\.kind) == [.kasan])
    #expect(found.first?.place == "kmalloc_oob_right+0xa8/0xbc [test_kasan]")
    #expect(found.first?.lines.last == rule)
    #expect(found.first?.command == "insmod")
    let kfence = "\(rule)\nBUG: KFENCE: out-of-bounds read in test_out_of_bounds_read+0xa6/0x234\n\n\(rule)\n"
    #expect(reports(text: kfence).map(\.kind) == [.kfence])
    let ubsan = "\(rule)\nUBSAN: Undefined behaviour in ../include/linux/bitops.h:110:33\nshift\n\(rule)\n"
    #expect(reports(text: ubsan).map(\.kind) == [.ubsan])
    let lockdep = """
      =============================
      WARNING: suspicious RCU usage
      -----------------------------
      block/cfq-iosched.c:2776 suspicious rcu_dereference_protected() usage!

      stack backtrace:
      Call Trace:
      """
    #expect(reports(text: lockdep + "\n").map(\.kind) == [.lockdep])
    #expect(reports(text: "WARNING: a program of the guest\n").isEmpty)
  }
}
