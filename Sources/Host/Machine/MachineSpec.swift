/// A virtual machine as it is to be launched: everything that its QEMU line is made of.
public struct MachineSpec: Sendable, Equatable {
  public enum Accelerator: String, Sendable, Codable, CaseIterable { case kvm, tcg }

  /// What a launch waits for.
  public enum Wait: String, Sendable, Codable, CaseIterable {
    /// The answer of the guest's agent.
    case agent
    /// QEMU's answer to QMP: the machine runs, whatever its guest does.
    case none
  }

  /// How the machine is put together around what was asked for.
  public enum Profile: String, Sendable, Codable, CaseIterable {
    /// As quick as it gets: the uncompressed kernel by its PVH entry, no default devices, no screen, and a command line that
    /// leaves out what an emulated machine does not have.
    case fast
    /// As in the workflow's document: the bzImage, QEMU's default devices, and the guest's terminal on the screen.
    case document
  }

  /// The guest's memory in a file of a template.
  public struct Memory: Sendable, Equatable, Codable {
    /// The file, as large as the memory.
    public var path: String
    /// The rest of the saved state that the guest goes on from, beside its memory, of which what the guest writes is its own
    /// then; nil: it boots, and what it writes is written to the file.
    public var state: String?
    /// Which template it is: one that is made anew under the same name is another.
    public var key: String
  }

  public var name: String
  /// In MiB, as `-m` takes it.
  public var memory: Int
  /// Nil: memory of QEMU's own.
  public var memoryFile: Memory?
  public var cpus: Int
  /// The board, as `-machine` takes it.
  public var board: String
  public var profile: Profile
  public var accelerator: Accelerator
  /// As `-cpu` takes it.
  public var cpu: String
  /// Nil: the firmware boots from a disk, the CD-ROM or the network.
  public var kernel: String?
  public var initrd: String?
  /// Words added to the kernel's command line.
  public var append: [String]
  public var drives: [Drive]
  /// An image in a CD-ROM drive.
  public var cdrom: String?
  /// What the firmware tries, as `-boot order=` takes it: `c` disk, `d` CD-ROM, `n` network.
  public var boot: String?
  /// Whether a guest that reboots starts again; else its QEMU ends.
  public var reboots: Bool
  public var cards: [NetworkCard]
  /// What the guest's init configures: `ADDRESS/PREFIX,GATEWAY` or `dhcp`.
  public var address: String?
  /// What DHCP and DNS in the bridge of the first card are told of it when it is launched.
  public var addressNote: AddressNote?
  public var shares: [Share]
  public var display: Display
  /// Whether the display asks for a password.
  public var hasPassword: Bool
  public var devices: Devices
  public var wait: Wait
  public var agent: Agent
  /// Arguments for QEMU as they are.
  public var extra: [String]

  /// - Parameter kernel: nil for a machine that boots from its disks.
  public init(name: String, kernel: String?) {
    self.name = name
    self.kernel = kernel
    memory = 1024
    cpus = 1
    board = "pc"
    profile = .document
    accelerator = .tcg
    cpu = "max"
    append = []
    drives = []
    reboots = kernel == nil
    cards = []
    shares = []
    display = .free
    hasPassword = false
    devices = Devices()
    wait = kernel == nil ? .none : .agent
    agent = .kdevlua
    extra = []
  }

  /// What the first card is connected to.
  public var network: NetworkCard.Network? {
    get { cards.first?.network }
    set { cards = newValue.map { [NetworkCard($0)] } ?? [] }
  }
}

/// Places of one machine's files.
public struct MachineFolder: Sendable, Equatable {
  public let path: String
  var qmp: String { path + "/qmp" }
  var agent: String { path + "/agent" }
  var serialAgent: String { path + "/serial" }
  /// The sockets of the guest's lanes: see ``GuestLane``.
  var lanes: [String] { (0..<GuestLane.count).map { path + "/lane\($0)" } }
  var console: String { path + "/console" }
  public var consoleLog: String { path + "/console.log" }
  /// What its monitor of events reads and writes begins with this.
  var events: String { path + "/events" }
  var eventLog: String { path + "/events.out" }
  public var vnc: String { path + "/vnc" }
  public var gdb: String { path + "/gdb" }
  /// The socket of a console besides the first.
  public func console(_ index: Int) -> String { path + "/console\(index)" }
  var processID: String { path + "/pid" }
  var description: String { path + "/machine.json" }
}
