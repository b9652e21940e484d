import Synchronization

/// The machines that this program talks to. A guest talks to one program at a time, and in a program everyone who asks for
/// the machine gets the same one.
final class OpenMachines: Sendable {
  private struct Entry {
    weak var machine: Machine?
    /// QEMU's.
    let process: Int?
  }

  private let entries = Mutex<[String: Entry]>([:])

  /// Notes a machine that has a channel to its guest.
  /// - Parameter process: QEMU's.
  func add(_ machine: Machine, process: Int?) {
    entries.withLock { entries in
      entries = entries.filter { $0.value.machine != nil }
      entries[machine.folder.path] = Entry(machine: machine, process: process)
    }
  }

  /// The machine of a folder, when this program talks to it. An earlier one, whose QEMU has ended, is let go.
  /// - Parameter process: the QEMU that runs; nil is none.
  func find(_ folder: MachineFolder, process: Int?) -> Machine? {
    guard let entry = entries.withLock({ $0[folder.path] }), let machine = entry.machine else { return nil }
    guard let process, entry.process == process else {
      machine.disconnect()
      return nil
    }
    return machine.isConnected ? machine : nil
  }
}
