import CHost
import Glibc

extension MachineFolder {
  /// When what is in the console's log came: see `chost_stamp`.
  var consoleStamps: String { path + "/console.stamps" }
}

/// When what a guest's console has said came.
struct ConsoleStamps {
  private let path: String
  /// What was read of the file, up to its last whole line.
  private var place = 0
  private var spans: [(time: Int64, start: off_t, end: off_t)] = []

  /// - Throws: `missing` when nobody notes it for this machine.
  init(_ folder: MachineFolder) throws(HostError) {
    path = folder.consoleStamps
    guard Files.exists(path) else {
      throw HostError(
        .missing, "nobody has noted when the console of this machine said what",
        hint: "start the machine anew: an earlier kdevlua started it")
    }
  }

  /// - Parameters:
  ///   - offset: a place in the log.
  ///   - log: the log, whose last change is the time of what is not noted yet.
  /// - Returns: milliseconds since 1970.
  mutating func time(of offset: off_t, in log: Int32) -> Int64 {
    if spans.last.map({ $0.end <= offset }) ?? true { readOn() }
    // The first that ends behind it.
    var (low, high) = (0, spans.count)
    while low < high {
      let middle = (low + high) / 2
      if spans[middle].end > offset { high = middle } else { low = middle + 1 }
    }
    if low < spans.count { return spans[low].time }
    var status = stat()
    guard fstat(log, &status) == 0 else { return spans.last?.time ?? 0 }
    return Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
  }

  private mutating func readOn() {
    guard let bytes = try? Files.read(path, from: place), let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else {
      return
    }
    place += end + 1
    for line in bytes[...end].split(separator: UInt8(ascii: "\n")) {
      let numbers = line.split(separator: UInt8(ascii: " ")).compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
      if numbers.count == 3 { spans.append((numbers[0], off_t(numbers[1]), off_t(numbers[2]))) }
    }
  }

  /// As it stands before a line: `[2026-11-29 20:15:03.042] `, in the host's time zone.
  static func text(_ time: Int64) -> [UInt8] {
    let thousandths = String(time % 1000 + 1000).dropFirst()
    // It throws for times alone that no clock has.
    let date = (try? Clock.localTime(Double(time / 1000), "%Y-%m-%d %H:%M:%S")) ?? "?"
    return Array("[\(date).\(thousandths)] ".utf8)
  }
}

extension LocalHost {
  /// Has another process of this program note when the console says what, as long as QEMU runs; it outlives this one. (QEMU 7.2
  /// writes no times into a log.) Without it nothing but the times is missing, so it stops nobody.
  func startStamps(of spec: MachineSpec) async {
    guard options.hasStamp, let program = Files.linkTarget("/proc/self/exe") else { return }
    // One that was built anew since it was started is still to be had by the process.
    let file = Files.exists(program) ? program : "/proc/\(getpid())/exe"
    var command = Command.detached([file, "stamp", spec.name])
    command.environment = ["KDEVLUA_STATE": state.root]
    // It keeps no file system of the caller's in use.
    command.workingDirectory = "/"
    (command.output, command.error) = (.discard, .discard)
    do throws(HostError) {
      // Who asks for times before it has begun finds none, and no error.
      try Files.write([], to: folder(ofMachine: spec.name).consoleStamps, mode: 0o600)
      try await require(command, to: "note when the console of \(spec.name) says what", timeLimit: .seconds(10))
    } catch {
      if error.code != .cancelled { warn(error.message) }
    }
  }

  /// What the process that `startStamps` starts does. Returns when QEMU has ended.
  /// - Throws: `invalid` when no machine of that name runs.
  public func noteConsoleTimes(ofMachine name: String) throws(HostError) {
    let folder = folder(ofMachine: name)
    guard let process = qemu(in: folder.path) else {
      throw HostError(.invalid, "no machine \(name) is running", hint: "kdevlua ps lists those there are")
    }
    let descriptor = chost_pidfd_open(process.id)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    if chost_stamp(folder.consoleLog, folder.consoleStamps, descriptor) != 0 {
      throw .system("could not note the times of \(folder.consoleLog)", errno: errno)
    }
  }
}
