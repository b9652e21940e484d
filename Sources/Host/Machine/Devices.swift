import Glibc

/// What a kernel developer adds to a machine beside disks, cards and shares.
public struct Devices: Sendable, Equatable, Codable {
  /// Where gdb reaches QEMU's own stub.
  public enum GDBStub: Sendable, Equatable, Codable {
    /// A Unix socket in the machine's folder.
    case socket
    /// A port on loopback.
    case port(Int)
  }

  /// A console of the guest besides `ttyS0`, behind a Unix socket in the machine's folder.
  public enum Console: String, Sendable, Codable, CaseIterable {
    /// `/dev/ttyS2`, `/dev/ttyS3`: kdevlua has the first two lines.
    case serial
    /// `/dev/hvc0` and so on.
    case virtio
  }

  /// A NUMA node.
  public struct Node: Sendable, Equatable, Codable {
    /// In MiB.
    public var memory: Int
    /// How many of the machine's processors it has.
    public var cpus: Int
    public init(memory: Int, cpus: Int) {
      self.memory = memory
      self.cpus = cpus
    }
  }

  public var gdb: GDBStub?
  public var consoles: [Console] = []
  public var nodes: [Node] = []
  /// The guest's context identifier; its host is 2.
  public var vsock: Int?
  /// Whether the guest has a source of entropy.
  public var rng = true
  /// Whether the guest can tell QEMU that its kernel panicked.
  public var pvpanic = false
  /// Whether the machine stands still before its first instruction.
  public var isPaused = false

  public init() {}
}

extension QEMUOption {
  static func devices(_ spec: MachineSpec, _ folder: MachineFolder) -> [String] {
    let devices = spec.devices
    var options: [String] = []
    switch devices.gdb {
    case .socket: options += ["-gdb", "unix:\(escape(folder.gdb)),server=on,wait=off"]
    case .port(let port): options += ["-gdb", "tcp:127.0.0.1:\(port)"]
    case nil: break
    }
    if let id = devices.vsock { options += ["-device", "vhost-vsock-pci,guest-cid=\(id)"] }
    if devices.pvpanic { options += ["-device", "pvpanic-pci"] }
    if devices.isPaused { options.append("-S") }
    for (index, console) in devices.consoles.enumerated() {
      let id = "console\(index)"
      options += ["-chardev", "socket,id=\(id),path=\(escape(folder.console(index))),server=on,wait=off"]
      options += console == .serial ? ["-serial", "chardev:\(id)"] : ["-device", "virtconsole,chardev=\(id)"]
    }
    return options + nodes(devices.nodes, isShared: spec.sharesMemory)
  }

  /// The processors are numbered through: the first node has the first ones.
  private static func nodes(_ nodes: [Devices.Node], isShared: Bool) -> [String] {
    let (backend, more) = isShared ? ("memory-backend-memfd", ",share=on") : ("memory-backend-ram", "")
    var first = 0
    return nodes.enumerated().flatMap { index, node in
      defer { first += node.cpus }
      let cpus = node.cpus == 0 ? "" : ",cpus=\(first)" + (node.cpus > 1 ? "-\(first + node.cpus - 1)" : "")
      return [
        "-object", "\(backend),id=node\(index),size=\(node.memory)M\(more)", "-numa",
        "node,nodeid=\(index),memdev=node\(index)\(cpus)",
      ]
    }
  }
}

extension LocalHost {
  /// Whether a guest can have a vsock device.
  public func probeVsock() -> Capability {
    if !Files.exists("/dev/vhost-vsock") {
      return .no("there is no /dev/vhost-vsock", hint: "sudo modprobe vhost_vsock")
    }
    return access("/dev/vhost-vsock", R_OK | W_OK) == 0
      ? .yes("/dev/vhost-vsock opens")
      : .no("you may not open /dev/vhost-vsock", hint: "sudo usermod -aG kvm \"$USER\", then log in again")
  }
}
