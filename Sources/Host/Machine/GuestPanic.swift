/// How a machine's files tell that its guest's kernel panicked: by the event that pvpanic makes, and by what the console says.
extension MachineFolder {
  /// Whether QEMU was told of a panic, by a device that the guest has for it (`pvpanic`), and the guest has not been started anew
  /// since.
  var hasPanicEvent: Bool {
    let events = EventLog(path: eventLog).read(from: 0).events
    guard let panic = events.lastIndex(where: { $0.name == "GUEST_PANICKED" }) else { return false }
    return !events[panic...].contains { $0.name == "RESET" || $0.name == "RESUME" }
  }

  /// The report that tells most of the end of the guest's kernel: the panic's, or without one the last that is fatal.
  var lastWords: KernelReport? {
    guard let log = try? Files.read(consoleLog) else { return nil }
    var parser = KernelReportParser()
    let found = parser.take(log) + parser.silence()
    return found.last { $0.kind == .panic } ?? found.last { $0.isFatal }
  }
}

extension HostError {
  /// The error of whoever waited for a guest that has ended or answers no more, with the last lines of its console; when its
  /// kernel panicked, that is what it says, with the report.
  func withConsole(of folder: MachineFolder) -> HostError {
    guard code == .guest || code == .timeout, let log = try? Files.read(folder.consoleLog) else { return self }
    let console = ConsoleText(log)
    var error = self
    if let panic = console.panic {
      error.code = .kernelOops
      error.message = "the guest's kernel panicked: \(panic)"
      error.hint =
        "look at the console above; a kernel without the drivers for its root or without initramfs support panics like this"
      error.report = folder.lastWords
    } else if folder.hasPanicEvent {
      error.code = .kernelOops
      error.message = "the guest's kernel panicked, as its pvpanic device says; its console does not say why"
      error.hint = "without \"quiet\" on its command line, or with loglevel=8, the console has more"
      error.report = folder.lastWords
    } else if code == .guest {
      error.message = "the guest ended before it answered"
    } else {
      error.hint =
        (console.lines.isEmpty ? "its console is empty" : "its console ends as above")
        + "; give it more time, or look at the kernel and its command line"
    }
    error.detail = console.lastLines(15)
    return error
  }

  /// The error of a panic that was reported: with what the console said before, which the report does not have.
  init(panic report: KernelReport, in machine: Machine) {
    self.init(report, in: machine.name)
    guard let log = try? Files.read(machine.folder.consoleLog), let first = report.lines.first else { return }
    let lines = ConsoleText(log).lines
    guard let start = lines.lastIndex(where: { $0.hasSuffix(first) }) else { return }
    detail = (lines[..<start].suffix(10) + [report.decoded ?? report.text]).joined(separator: "\n")
  }
}
