/// Why a machine's processors stand still.
enum Standstill: Sendable, Equatable {
  /// Somebody has stopped them.
  case paused
  /// A disk could not be written or read, so QEMU has stopped them: nothing is lost, and the guest goes on where it was.
  case disk(device: String, hasNoRoom: Bool)
}

extension EventLog {
  /// What the events say of it (QEMU's QMP reference: BLOCK_IO_ERROR, STOP, RESUME); nil when the processors run, and after a panic,
  /// of which others tell.
  var standstill: Standstill? {
    var still: Standstill?
    for event in read(from: 0).events {
      switch event.name {
      case "BLOCK_IO_ERROR" where event.data["action"]?.string == "stop":
        still = .disk(
          device: event.data["device"]?.string ?? "", hasNoRoom: event.data["nospace"] == .bool(true))
      case "STOP": still = still ?? .paused
      case "RESUME", "GUEST_PANICKED": still = nil
      default: break
      }
    }
    return still
  }
}

extension MachineRecord {
  /// The error of whoever waits for a guest that stands still.
  func error(of still: Standstill) -> HostError {
    let resume = "kdevlua eval 'kdev.vm.get(\"\(spec.name)\"):resume()'"
    switch still {
    case .paused:
      return HostError(.busy, "the machine \(spec.name) is paused", hint: "\(resume) lets it go on")
    case .disk(let device, let hasNoRoom):
      let path = spec.path(ofDevice: device)
      return HostError(
        .system,
        "the machine \(spec.name) stands still: "
          + (hasNoRoom ? "there is no room for its disk \(path)" : "its disk \(path) cannot be read or written"),
        hint: (hasNoRoom ? "make room on that file system (df -h)" : "see what is wrong with it") + "; then \(resume)")
    }
  }
}

extension MachineSpec {
  /// The image of a disk by QEMU's name for its device, as `QEMUOption.drives` gives it or QEMU makes it; the name itself for one
  /// that was plugged in later.
  fileprivate func path(ofDevice name: String) -> String {
    let own = drives.enumerated().map { index, drive in (drive.isPlain ? "virtio" : "disk\(index)", drive.path) }
    if let disk = own.first(where: { $0.0 == name }) { return disk.1 }
    let plain = own.filter { $0.0 == "virtio" }
    guard name.hasPrefix("virtio"), let index = Int(name.dropFirst(6)), plain.indices.contains(index) else {
      return name
    }
    return plain[index].1
  }
}

extension LocalHost {
  /// Why a running machine stands still. One that is paused for a moment, as while it is saved, does not.
  func standstill(_ folder: MachineFolder) async throws(HostError) -> Standstill? {
    let log = EventLog(path: folder.eventLog)
    var still = log.standstill
    for _ in 0..<10 where still == .paused {
      try await pause(.milliseconds(100))
      still = log.standstill
    }
    return still
  }
}

extension Machine {
  /// Waits until a disk of the machine cannot be read or written any more, and gives the error of that.
  /// - Throws: `cancelled`.
  func waitForDiskTrouble() async throws(HostError) -> HostError {
    let log = EventLog(path: folder.eventLog)
    var seen = log.end
    while true {
      try await pause(ConsoleReports.interval)
      if log.end == seen { continue }
      seen = log.end
      if let still = log.standstill, still != .paused { return record.error(of: still) }
    }
  }
}
