import Host
import LuaKit

extension LaunchOptions {
  /// Consoles, NUMA nodes, gdb and so on.
  func devices(_ spec: inout MachineSpec, _ host: LocalHost) throws {
    var devices = Devices()
    switch try options.value("gdb", as: LuaValue?.self) ?? .nil {
    case .bool(true): devices.gdb = .socket
    case .integer(let port):
      guard (1...65535).contains(port) else { throw options.wrong("gdb", "a port, 1 to 65535, expected, got \(port)") }
      devices.gdb = .port(Int(port))
    default: break
    }
    devices.consoles = try options.strings("consoles").compactMap(Devices.Console.init(rawValue:))
    // QEMU's boards have four serial ports.
    guard devices.consoles.count(where: { $0 == .serial }) <= 2 else {
      throw options.wrong("consoles", "two serial ones at most: kdevlua has the first two lines of four")
    }
    if let id = try options.integer("vsock") {
      // Those below are the hypervisor's, loopback's and the host's (vsock(7)).
      guard (3...0xffff_fffe).contains(id) else { throw options.wrong("vsock", "3 at least expected, got \(id)") }
      let works = host.probeVsock()
      guard works.works || host.isDryRun else {
        throw HostError(.missing, "a vsock device cannot be had: \(works.reason)", hint: works.hint)
      }
      devices.vsock = id
    }
    if let rng: Bool = try options.value("rng") { devices.rng = rng }
    devices.pvpanic = try options.bool("pvpanic")
    devices.isPaused = try options.bool("paused")
    guard !devices.isPaused || spec.wait == .none else {
      throw options.wrong("paused", "a paused guest has no agent that answers; set wait = \"none\", too")
    }
    devices.nodes = try nodes(spec)
    spec.devices = devices
  }

  /// - Throws: when the nodes do not have what the machine has.
  private func nodes(_ spec: MachineSpec) throws -> [Devices.Node] {
    guard options.push(list: "numa") else { return [] }
    let lua = options.lua
    defer { lua.pop() }
    let list = lua.top
    let nodes = try stride(from: 1, through: lua.rawCount(at: list), by: 1).map { position in
      lua.rawElement(position, of: list)
      defer { lua.pop() }
      let node = options.inner("kdev.vm.NodeOptions", at: -1)
      guard let memory = try node.size("memory") else { throw node.wrong("memory", "a size expected") }
      return Devices.Node(memory: memory.bytes >> 20, cpus: try node.integer("cpus", in: 0...255) ?? 0)
    }
    let (memory, cpus) = (nodes.reduce(0) { $0 + $1.memory }, nodes.reduce(0) { $0 + $1.cpus })
    guard nodes.isEmpty || memory == spec.memory && cpus == spec.cpus else {
      throw options.wrong(
        "numa",
        "the nodes have \(memory) MiB and \(cpus) cpus together, and the machine \(spec.memory) MiB and \(spec.cpus)")
    }
    return nodes
  }

  /// The display; its password is asked for by `vncPassword`.
  func display(_ spec: inout MachineSpec) throws {
    switch try options.displayValue() {
    case .integer(let number): spec.display = .number(try options.display(Int(number)))
    case .bool(false): spec.display = .off
    default:
      guard let vnc = options.table("vnc", "kdev.vm.VNCOptions") else { return }
      defer { options.lua.pop() }
      if let number = try vnc.integer("display") { spec.display = .number(try options.display(number)) }
      if try vnc.bool("socket") {
        guard spec.display == .free else { throw options.wrong("vnc", "a display or a socket, not both") }
        spec.display = .socket
      }
      if let password = try vnc.string("password") {
        // What VNC's authentication takes (RFC 6143, 7.2.2); QEMU would cut the rest off.
        guard (1...8).contains(password.utf8.count) else {
          throw options.wrong("vnc.password", "1 to 8 bytes expected, got \(password.utf8.count)")
        }
        spec.hasPassword = true
      }
    }
  }

  func vncPassword() throws -> Secret? {
    guard let vnc = options.table("vnc", "kdev.vm.VNCOptions") else { return nil }
    defer { options.lua.pop() }
    return try vnc.string("password").map { Secret($0) }
  }
}

extension Options {
  /// The field `vnc` when it is plain.
  fileprivate func displayValue() throws -> LuaValue {
    push("vnc")
    defer { lua.pop() }
    return lua.type(at: -1) == .table ? .nil : try lua.read(-1)
  }

  fileprivate func display(_ number: Int) throws -> Int {
    guard (0...99).contains(number) else { throw wrong("vnc", "0 to 99 expected, got \(number)") }
    return number
  }

  /// A field's table, which stays on the stack; nil, and nothing stays, when it is none.
  fileprivate func table(_ name: String, _ className: String) -> Options? {
    push(list: name) ? inner(className, at: -1) : nil
  }
}
