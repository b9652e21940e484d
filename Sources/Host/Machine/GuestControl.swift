/// Something in the guest that runs programs for the host: kdevlua's agent, or QEMU's.
protocol GuestControl: AnyObject, Sendable {
  /// The guest's `uname -r`.
  var release: String { get }

  /// Runs a program in the guest and waits for its end. A cancelled task kills the program's process group.
  /// - Parameters:
  ///   - arguments: the argument vector.
  ///   - directory: the working folder in the guest; nil is `/`.
  ///   - environment: variables added to those that the agent has.
  ///   - input: the standard input; nil is `/dev/null`.
  /// - Throws: `invalid` for words that cannot be passed, `guest` when the guest ends before the program does.
  func execute(
    _ arguments: [[UInt8]], directory: [UInt8]?, environment: [(name: String, value: [UInt8])], input: [UInt8]?
  ) async throws(HostError) -> GuestResult

  /// Begins anew: the guest is not where it was any more, as it went on from a saved state. Programs that are waited for end with
  /// an error of the kind `guest`.
  func begin() async throws(HostError)

  /// Asks the guest to write its disks and power off; QEMU ends then.
  func powerOff()

  func close()
}

extension GuestChannel: GuestControl {
  var release: String { hello.release }
}

extension MachineSpec {
  /// Who runs programs in the guest.
  public enum Agent: String, Sendable, Codable, CaseIterable {
    /// That of `stdlib/guest`, which is in the default guest.
    case kdevlua
    /// QEMU's own, which an installed system may have (`qemu-ga`).
    case qemu
  }
}

extension MachineFolder {
  /// The socket of the port that QEMU's agent has; see ``QEMUAgent``.
  var qemuAgent: String { path + "/qemu-agent" }

  /// Waits without limit until the guest's agent answers.
  /// - Throws: `missing` when no socket is there, `guest` when QEMU ends, `cancelled`.
  func control(_ agent: MachineSpec.Agent) async throws(HostError) -> any GuestControl {
    switch agent {
    case .kdevlua: try await GuestChannel.open([self.agent, serialAgent])
    case .qemu: try await QEMUAgent.open(qemuAgent)
    }
  }
}

extension QEMUOption {
  /// The port of QEMU's agent, where it is to be had: behind that of kdevlua's, on the same controller.
  static func qemuAgent(_ spec: MachineSpec, _ folder: MachineFolder) -> [String] {
    guard spec.agent == .qemu else { return [] }
    return [
      "-chardev", "socket,id=qemu-agent,path=\(escape(folder.qemuAgent)),server=on,wait=off", "-device",
      "virtserialport,chardev=qemu-agent,name=\(QEMUAgent.port)",
    ]
  }
}
