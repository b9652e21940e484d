/// Where a machine's screen is shown, by VNC.
public enum Display: Sendable, Equatable, Codable {
  /// The first free display on loopback.
  case free
  /// Display N on loopback: port 5900 + N.
  case number(Int)
  /// A Unix socket in the machine's folder.
  case socket
  case off

  /// For people.
  var text: String {
    switch self {
    case .free: "a free one"
    case .number(let number): ":\(number)"
    case .socket: "a socket"
    case .off: "off"
    }
  }
}

extension QEMUOption {
  static func display(_ spec: MachineSpec, _ folder: MachineFolder) -> [String] {
    // What it is comes over QMP: a command line is everybody's to read.
    let password = spec.hasPassword ? ",password=on" : ""
    return switch spec.display {
    case .free: ["-vnc", "127.0.0.1:0,to=99\(password)"]
    case .number(let number): ["-vnc", "127.0.0.1:\(number)\(password)"]
    case .socket: ["-vnc", "unix:\(escape(folder.vnc))\(password)"]
    case .off: ["-display", "none"]
    }
  }
}

extension LocalHost {
  /// Sets the password of a running machine's display.
  func tell(_ password: Secret?, to folder: MachineFolder) async throws(HostError) {
    guard let password, !isDryRun else { return }
    let qmp = try await QMP.connect(folder.qmp)
    defer { qmp.close() }
    try await password.tell(qmp)
  }
}

/// A text that is in no record, no message and no command line.
public struct Secret: Sendable, Equatable, CustomStringConvertible {
  let text: String
  public init(_ text: String) { self.text = text }
  /// As the password of a VNC display.
  func tell(_ qmp: QMP) async throws(HostError) {
    try await qmp.execute("set_password", ["protocol": .string("vnc"), "password": .string(text)])
  }
  public var description: String { "(secret)" }
}
