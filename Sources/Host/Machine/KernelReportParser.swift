/// Cuts the kernel's reports out of a console, as its lines come. The forms are those of Linux's own sources, versions 5.x
/// and 6.x: kernel/panic.c, arch/x86/kernel/dumpstack.c, lib/bug.c, mm/kasan/report.c, kernel/locking/lockdep.c,
/// kernel/rcu/tree_stall.h, kernel/hung_task.c, kernel/watchdog.c.
struct KernelReportParser: Sendable {
  /// How a report is known to be over.
  private enum End {
    /// `---[ end trace 0000000000000000 ]---`
    case trace
    /// A line of `=`.
    case rule
    /// ` </TASK>`, which ends the one backtrace that it has.
    case backtrace
    /// `---[ end Kernel panic - not syncing: ... ]---`
    case panic
    /// It has no end: nothing more comes for a while.
    case silence
  }

  private struct Open {
    var report: KernelReport
    var end: End
    /// The line that says what happened has been seen; before it is only `cut here`, and perhaps a message.
    var isKnown = true
  }

  private var open: Open?
  /// What came after the last line feed.
  private var partial: [UInt8] = []
  /// The line of `=` before, which belongs to the report that may follow it.
  private var rule: String?
  /// The kernel writes times, so a line without one is a program's.
  private var hasTimes = false

  init() {}

  /// A report has begun whose end has not been seen.
  var isOpen: Bool { open != nil }

  /// Takes what the console grew by.
  /// - Returns: the reports that are whole now.
  mutating func take(_ bytes: [UInt8]) -> [KernelReport] {
    var found: [KernelReport] = []
    var start = bytes.startIndex
    while let feed = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      partial += bytes[start..<feed]
      if let line = ConsoleText(partial).lines.first { found += take(line: line) }
      partial = []
      start = feed + 1
    }
    partial += bytes[start...]
    return found
  }

  /// Nothing more has come for a while, or ever will: what is open is taken as whole.
  mutating func silence() -> [KernelReport] {
    rule = nil
    return close()
  }

  private mutating func take(line raw: String) -> [KernelReport] {
    let line = ConsoleLine(raw)
    if line.time != nil { hasTimes = true }
    guard line.time != nil || !hasTimes else { return [] }
    let text = line.text
    if text.isRule, open?.end != .rule {
      rule = line.whole
      return []
    }
    defer { rule = nil }
    var found: [KernelReport] = []
    if let (kind, end, fatal) = Self.begin(of: text, afterRule: rule != nil) {
      if open == nil || !continues(kind, text) {
        found += close()
        let report = KernelReport(
          kind: kind, title: text, time: line.time, isFatal: fatal, lines: rule.map { [$0] } ?? [])
        open = Open(report: report, end: end, isKnown: text != Self.cutHere)
      } else if var now = open {
        if !now.isKnown || kind == .bug {
          // A message of the caller's own before it says more than the place does, which is kept, too.
          if now.report.title == Self.cutHere || kind == .bug { now.report.title = text }
          now.report.kind = kind
          now.end = end
          now.isKnown = true
        }
        now.report.isFatal = now.report.isFatal || fatal
        open = now
      }
    }
    guard var now = open else { return found }
    if now.report.lines.count >= Self.longest {
      return found + close()
    }
    if !now.isKnown, text != Self.cutHere, now.report.title == Self.cutHere, !text.isEmpty { now.report.title = text }
    now.report.lines.append(line.whole)
    now.report.note(text)
    open = now
    if Self.ends(text, now.end) { found += close() }
    return found
  }

  private mutating func close() -> [KernelReport] {
    guard let closed = open?.report else { return [] }
    open = nil
    return closed.title == Self.cutHere ? [] : [closed]
  }

  /// Whether a line that could begin a report belongs to the one that is open: what `cut here` announced, or the
  /// exception that BUG() and a bad access are made of.
  private func continues(_ kind: KernelReport.Kind, _ text: String) -> Bool {
    guard let open else { return false }
    if text == Self.cutHere || kind == .panic { return false }
    if !open.isKnown { return kind == .warning || kind == .bug || kind == .ubsan }
    return open.end == .trace && text.isDieLine
  }

  private static let cutHere = "------------[ cut here ]------------"
  /// Lines of a report at most: one that never ends does not take all memory.
  private static let longest = 2000

  private static let beginnings: [(String, KernelReport.Kind, End, fatal: Bool)] = [
    (cutHere, .warning, .trace, false),
    ("BUG: KASAN: ", .kasan, .rule, false), ("BUG: KFENCE: ", .kfence, .rule, false),
    ("BUG: KCSAN: ", .kcsan, .rule, false), ("BUG: KMSAN: ", .kmsan, .rule, false),
    ("BUG: kernel NULL pointer dereference", .oops, .trace, true), ("BUG: unable to handle ", .oops, .trace, true),
    ("Unable to handle kernel ", .oops, .trace, true), ("general protection fault", .oops, .trace, true),
    ("kernel BUG at ", .bug, .trace, true), ("WARNING: CPU: ", .warning, .trace, false),
    ("watchdog: BUG: soft lockup", .softLockup, .backtrace, false),
    ("BUG: soft lockup", .softLockup, .backtrace, false),
    ("watchdog: Watchdog detected hard LOCKUP", .hardLockup, .silence, false),
    ("NMI watchdog: Watchdog detected hard LOCKUP", .hardLockup, .silence, false),
    ("Watchdog detected hard LOCKUP", .hardLockup, .silence, false),
    ("Kernel panic - not syncing: ", .panic, .panic, true),
    ("INFO: trying to register non-static key", .lockdep, .backtrace, false),
    ("BUG: ", .bug, .backtrace, false),
  ]

  /// What a line begins, if it begins a report.
  private static func begin(of text: String, afterRule: Bool) -> (KernelReport.Kind, End, fatal: Bool)? {
    if let known = beginnings.first(where: { text.hasPrefix($0.0) }) { return (known.1, known.2, known.fatal) }
    if text.hasPrefix("UBSAN: ") { return (.ubsan, afterRule ? .rule : .trace, false) }
    if afterRule, text.hasPrefix("WARNING: ") || text.hasPrefix("[ BUG: ") { return (.lockdep, .backtrace, false) }
    if text.hasPrefix("rcu: INFO: ") || text.hasPrefix("INFO: rcu"), text.contains("stall") {
      return (.rcuStall, .silence, false)
    }
    if text.hasPrefix("INFO: task "), text.contains(" blocked for more than ") { return (.hungTask, .backtrace, false) }
    return text.isDieLine ? (.oops, .trace, true) : nil
  }

  private static func ends(_ text: String, _ end: End) -> Bool {
    switch end {
    case .trace: text.hasPrefix("---[ end trace ")
    case .rule: text.isRule
    case .backtrace: text == " </TASK>" || text == "</TASK>"
    case .panic: text.hasPrefix("---[ end Kernel panic")
    case .silence: false
    }
  }
}

/// A line of a console, taken apart.
private struct ConsoleLine {
  /// The line from its time on: a shell's prompt may stand before it.
  var whole: String
  /// Seconds since boot, of a line by printk with CONFIG_PRINTK_TIME.
  var time: Double?
  var text: String

  init(_ line: String) {
    whole = line
    text = line
    time = nil
    let bytes = Array(line.utf8)
    for start in bytes.indices where bytes[start] == UInt8(ascii: "[") {
      guard let (time, end) = Self.stamp(bytes[(start + 1)...]) else { continue }
      self = ConsoleLine(
        whole: String(decoding: bytes[start...], as: UTF8.self), time: time,
        text: String(decoding: bytes[end...], as: UTF8.self))
      return
    }
  }

  private init(whole: String, time: Double, text: String) {
    self.whole = whole
    self.time = time
    self.text = text
  }

  /// `   12.345678] `, and after it, with CONFIG_PRINTK_CALLER, `[    T1] `.
  private static func stamp(_ bytes: ArraySlice<UInt8>) -> (Double, end: Int)? {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    var place = bytes.firstIndex { $0 != UInt8(ascii: " ") } ?? bytes.endIndex
    let start = place
    while place < bytes.endIndex, digits.contains(bytes[place]) { place += 1 }
    guard place > start, place + 7 < bytes.endIndex, bytes[place] == UInt8(ascii: "."),
      bytes[(place + 1)...(place + 6)].allSatisfy(digits.contains), bytes[place + 7] == UInt8(ascii: "]"),
      let time = Double(String(decoding: bytes[start..<(place + 7)], as: UTF8.self))
    else { return nil }
    var end = skipSpace(bytes, place + 8)
    if end < bytes.endIndex, bytes[end] == UInt8(ascii: "["),
      let close = bytes[end...].firstIndex(of: UInt8(ascii: "]"))
    {
      let caller = bytes[(end + 1)..<close].drop { $0 == UInt8(ascii: " ") }
      if let first = caller.first, first == UInt8(ascii: "T") || first == UInt8(ascii: "C"), caller.count > 1,
        caller.dropFirst().allSatisfy(digits.contains)
      {
        end = skipSpace(bytes, close + 1)
      }
    }
    return (time, end)
  }

  /// The one space that printk writes; what is indented stays so.
  private static func skipSpace(_ bytes: ArraySlice<UInt8>, _ place: Int) -> Int {
    place < bytes.endIndex && bytes[place] == UInt8(ascii: " ") ? place + 1 : place
  }
}

extension String {
  /// A line of `=` alone, as KASAN, UBSAN and lockdep draw.
  fileprivate var isRule: Bool { utf8.count >= 20 && utf8.allSatisfy { $0 == UInt8(ascii: "=") } }

  /// `Oops: 0002 [#1] PREEMPT SMP`: an exception, its error code and its count (`__die_header` of x86, `__die` of
  /// arm64).
  fileprivate var isDieLine: Bool {
    guard let mark = firstRange(of: " [#") else { return false }
    let before = self[..<mark.lowerBound]
    let code = before.reversed().prefix { $0.isHexDigit }
    return code.count >= 4 && before.dropLast(code.count).hasSuffix(": ")
      && self[mark.upperBound...].first?.isNumber == true
  }
}

extension KernelReport {
  /// Takes the place and the process from a line of the report; the first that names one counts.
  fileprivate mutating func note(_ text: String) {
    if command == nil, let id = text.firstRange(of: "PID: "), let name = text.firstRange(of: " Comm: ") {
      processID = Int(text[id.upperBound...].prefix { $0.isNumber })
      let rest = text[name.upperBound...]
      let ends = [" Not tainted", " Tainted: "].compactMap { rest.firstRange(of: $0)?.lowerBound }
      command = String(rest[..<(ends.min() ?? rest.endIndex)])
    }
    guard place == nil else { return }
    let words = text.split(separator: " ")
    if text.hasPrefix("RIP: 0010:") {
      place = Self.symbol(text.dropFirst("RIP: 0010:".count))
    } else if text.hasPrefix("pc : ") {
      place = Self.symbol(text.dropFirst("pc : ".count))
    } else if kind == .warning, text.hasPrefix("WARNING: CPU: "), let at = words.firstIndex(of: "at"),
      at + 2 < words.count
    {
      place = Self.symbol(words[(at + 2)...].joined(separator: " "))
    } else if text.hasPrefix("BUG: K"), let within = text.firstRange(of: " in ") {
      place = Self.symbol(text[within.upperBound...])
    }
  }

  /// `function+0x10/0x20 [module]` at the front of a text; nil when it is an address alone.
  private static func symbol(_ text: some StringProtocol) -> String? {
    let words = text.split(separator: " ")
    guard let name = words.first, name.contains("+0x") else { return nil }
    guard words.count > 1, words[1].hasPrefix("["), words[1].hasSuffix("]") else { return String(name) }
    return "\(name) \(words[1])"
  }
}
