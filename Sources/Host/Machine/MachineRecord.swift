import FoundationEssentials
import Glibc

/// A machine as kdevlua remembers it: how it was launched, and what became known since.
public struct MachineRecord: Sendable, Equatable, Codable {
  public var spec: MachineSpec
  /// The kernel that was booted.
  public var kernelFile: FileIdentity?
  /// The VNC display on loopback.
  public var display: Int?
  /// The guest's `uname -r`.
  public var release: String?
  /// QEMU's argument vector; nil in records of an earlier kdevlua.
  public var arguments: [String]?
  /// What was added since. It is no difference to what is wanted: a set-up that adds it adds it again, which is taken over.
  public var plugged: [PluggedDevice]?
  /// All its cards, those that were added later, too.
  var cards: [NetworkCard] { spec.cards + (plugged ?? []).compactMap(\.card) }
  /// The kernel that was built here and installed on its disk.
  public var installed: InstalledKernel?

  /// Where the guest is reached from this host: an address, or `127.0.0.1:PORT` for its ssh port.
  public var address: String? {
    switch spec.network {
    case .user(let port, _), .passt(let port, _): "127.0.0.1:\(port)"
    // With dhcp somebody else gives the address.
    case .tap: spec.address == "dhcp" ? nil : spec.address.map { String($0.prefix { $0 != "/" && $0 != "," }) }
    case .link, .unplugged, nil: nil
    }
  }
}

/// A kernel that was installed in a guest, and what it was built into.
public struct InstalledKernel: Sendable, Equatable, Codable {
  var output: String
  /// Its `uname -r`: the guest may run another one.
  var release: String
  var vmlinux: FileIdentity?
}

/// A machine in the registry, with the process that it runs in.
public struct MachineState: Sendable {
  public let record: MachineRecord
  /// The process of its QEMU; nil when it has ended.
  public let processID: Int?
}

extension LocalHost {
  func folder(ofMachine name: String) -> MachineFolder { MachineFolder(path: state.machines + "/" + name) }

  /// The machine of that name, or nil when none was made.
  public func machine(_ name: String) throws(HostError) -> MachineState? {
    try Self.validate(machineName: name)
    let folder = folder(ofMachine: name)
    guard Files.exists(folder.description) else { return nil }
    let process = qemu(in: folder.path)
    do {
      let record = try JSONDecoder().decode(MachineRecord.self, from: Data(try Files.read(folder.description)))
      return MachineState(record: record, processID: process.map { Int($0.id) })
    } catch let error as HostError {
      throw error
    } catch {
      // Without a process it describes nothing, and the next launch writes it anew.
      guard process != nil else { return nil }
      throw HostError(
        .system, "cannot read \(folder.description)", hint: "kdevlua down \(name), and make the machine again",
        detail: "\(error)")
    }
  }

  /// All machines of this user, by name.
  public func machines() throws(HostError) -> [MachineState] {
    guard Files.exists(state.machines) else { return [] }
    var found: [MachineState] = []
    for name in try Files.list(state.machines) {
      do throws(HostError) { if let machine = try machine(name) { found.append(machine) } } catch {
        warn(error.message)
      }
    }
    return found
  }

  func write(_ record: MachineRecord) throws(HostError) {
    let bytes: [UInt8]
    do { bytes = [UInt8](try JSONEncoder().encode(record)) } catch {
      throw HostError(.system, "cannot write the machine's description: \(error)")
    }
    try Files.write(bytes, to: folder(ofMachine: record.spec.name).description, mode: 0o600)
  }

  /// Changes what is written of a machine, as it is now: other programs and tasks do so, too. Nothing is written of one that is gone.
  func update(_ name: String, _ change: (inout MachineRecord) -> Void) throws(HostError) {
    let folder = folder(ofMachine: name)
    guard Files.exists(folder.description) else { return }
    let lock = try FileLock.wait(folder.description + ".lock")
    defer { withExtendedLifetime(lock) {} }
    guard var record = try machine(name)?.record else { return }
    change(&record)
    try write(record)
  }

  /// The QEMU that was started with files in the folder: it is known by its own command line. The number in its file only
  /// says where to look first.
  func qemu(in folder: String) -> Processes.Process? {
    let path = MachineFolder(path: folder).processID
    func isOurs(_ process: Processes.Process) -> Bool {
      guard let place = process.arguments.firstIndex(of: "-pidfile"), place + 1 < process.arguments.count else {
        return false
      }
      return process.arguments[place + 1] == path
    }
    if let text = try? Files.text(path), let id = pid_t(text.prefix { $0.isNumber }),
      let process = Processes.process(id), isOurs(process)
    {
      return process
    }
    return Processes.all().first(where: isOurs)
  }
}

/// Which content a file had: it tells a kernel that was built anew under the same name.
public struct FileIdentity: Sendable, Hashable, Codable {
  let size: Int
  let inode: UInt64
  let seconds: Int
  let nanoseconds: Int

  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    size = Int(status.st_size)
    inode = UInt64(status.st_ino)
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
  }
}

extension MachineRecord {
  /// What differs between the running machine and the wanted one, for people; empty when the running one will do.
  func differences(to wanted: MachineSpec) -> [String] {
    var found: [String] = []
    func compare<T: Equatable>(_ what: String, _ path: KeyPath<MachineSpec, T>) {
      let (has, should) = (spec[keyPath: path], wanted[keyPath: path])
      if has != should { found.append("\(what) is \(has), wanted is \(should)") }
    }
    compare("memory (MiB)", \.memory)
    compare("cpus", \.cpus)
    compare("machine type", \.board)
    compare("template", \.templateText)
    compare("profile", \.profile.rawValue)
    compare("accelerator", \.accelerator.rawValue)
    compare("cpu", \.cpu)
    compare("kernel", \.kernelText)
    if spec.kernel == wanted.kernel, let kernel = wanted.kernel, kernelFile != FileIdentity(kernel) {
      found.append("the kernel \(kernel) was built anew since it was booted")
    } else {
      compare("initramfs", \.initrdText)
    }
    compare("kernel command line", \.appended)
    compare("disks", \.driveTexts)
    compare("CD-ROM", \.cdromText)
    compare("boot order", \.bootText)
    compare("reboot", \.reboots)
    compare("network", \.cardTexts)
    compare("address", \.addressText)
    compare("shares", \.shareTexts)
    compare("more arguments", \.extra)
    compare("password of the display", \.hasPassword)
    // A display of its own is as good as a free one.
    switch (wanted.display, spec.display) {
    case (.free, .free), (.free, .number): break
    case (.number(let number), _) where number == display: break
    default: compare("display", \.display.text)
    }
    compare("agent", \.agent.rawValue)
    compare("gdb stub", \.gdbText)
    compare("consoles", \.consoleTexts)
    compare("NUMA nodes", \.nodeTexts)
    compare("vsock", \.vsockText)
    compare("rng", \.devices.rng)
    compare("pvpanic", \.devices.pvpanic)
    return found
  }
}

extension MachineSpec {
  fileprivate var templateText: String { memoryFile.map { "\(Files.folder(of: $0.path)) (\($0.key))" } ?? "none" }
  fileprivate var kernelText: String { kernel ?? "none" }
  fileprivate var initrdText: String { initrd ?? "none" }
  fileprivate var appended: String { append.joined(separator: " ") }
  fileprivate var driveTexts: String { Self.list(drives.map(\.text)) }
  fileprivate var cdromText: String { cdrom ?? "none" }
  fileprivate var bootText: String { boot ?? "the firmware's" }
  /// Gateway and DNS server are no difference: the bridge may have got them since.
  fileprivate var addressText: String { address.map { String($0.prefix { $0 != "/" && $0 != "," }) } ?? "none" }
  fileprivate var shareTexts: String { Self.list(shares.map(\.text)) }
  fileprivate var gdbText: String {
    switch devices.gdb {
    case .socket: "a socket"
    case .port(let port): "port \(port)"
    case nil: "none"
    }
  }
  fileprivate var consoleTexts: String { Self.list(devices.consoles.map(\.rawValue)) }
  fileprivate var nodeTexts: String { Self.list(devices.nodes.map { "\($0.memory) MiB with \($0.cpus) cpus" }) }
  fileprivate var vsockText: String { devices.vsock.map(String.init) ?? "none" }
  fileprivate var cardTexts: String { Self.list(cards.map(\.text)) }

  private static func list(_ texts: [String]) -> String { texts.isEmpty ? "none" : texts.joined(separator: ", ") }
}
