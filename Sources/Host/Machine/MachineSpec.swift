/// A virtual machine as it is to be launched: everything that its QEMU line is made of.
public struct MachineSpec: Sendable, Equatable, Codable {
  public enum Accelerator: String, Sendable, Codable, CaseIterable { case kvm, tcg }

  /// The guest's network card.
  public enum Network: Sendable, Equatable, Codable {
    /// A tap device of the host. `vhost` moves packets in the host's kernel.
    case tap(name: String, vhost: Bool)
    /// QEMU's own user networking, with a port of the host's loopback forwarded to the guest's ssh port.
    case user(sshPort: Int)
  }

  /// A folder of the host that the guest mounts by 9p.
  public struct Share: Sendable, Equatable, Codable {
    public var tag: String
    public var path: String
    public init(tag: String, path: String) {
      self.tag = tag
      self.path = path
    }
  }

  public struct Drive: Sendable, Equatable, Codable {
    public var path: String
    public var format: String
    public init(path: String, format: String) {
      self.path = path
      self.format = format
    }
  }

  public var name: String
  /// In MiB, as `-m` takes it.
  public var memory: Int
  public var cpus: Int
  /// The board, as `-machine` takes it.
  public var board: String
  public var accelerator: Accelerator
  /// As `-cpu` takes it.
  public var cpu: String
  public var kernel: String
  public var initrd: String?
  /// Words added to the kernel's command line.
  public var append: [String]
  public var drives: [Drive]
  public var network: Network?
  /// What the guest's init configures: `ADDRESS/PREFIX,GATEWAY` or `dhcp`.
  public var address: String?
  public var shares: [Share]
  /// The display on loopback: `-vnc 127.0.0.1:N`. Nil takes the first free one.
  public var vnc: Int?
  /// Arguments for QEMU as they are.
  public var extra: [String]

  public init(name: String, kernel: String) {
    self.name = name
    self.kernel = kernel
    memory = 1024
    cpus = 1
    board = "pc"
    accelerator = .tcg
    cpu = "max"
    append = []
    drives = []
    shares = []
    extra = []
  }
}

/// Places of one machine's files.
public struct MachineFolder: Sendable, Equatable {
  public let path: String
  var qmp: String { path + "/qmp" }
  var agent: String { path + "/agent" }
  var serialAgent: String { path + "/serial" }
  var console: String { path + "/console" }
  public var consoleLog: String { path + "/console.log" }
  var processID: String { path + "/pid" }
  var description: String { path + "/machine.json" }
}
