import FoundationEssentials
import Synchronization

/// Something that kdevlua made on the host, with what is needed to undo it.
public enum Resource: Codable, Sendable, Equatable {
  /// A tap device. The index tells it from a later device of the same name; nil until it was made. The namespace is a named one,
  /// nil the caller's.
  case tap(name: String, index: Int?, namespace: String?)
  /// A tap device of somebody else's that was taken over, and what it was before.
  case tapSettings(name: String, index: Int, namespace: String?, master: String?, mtu: Int, isUp: Bool)
  /// A bridge. It is removed only when no device is in it any more.
  case bridge(name: String, index: Int?, namespace: String?)
  /// A dnsmasq for the guests in a bridge, with its folder.
  case nameService(bridge: String, folder: String, namespace: String?)
  /// The nftables table that lets guests of a bridge out.
  case masquerade(bridge: String, namespace: String?)
  /// `net.ipv4.ip_forward` was off and was switched on.
  case forwarding(namespace: String?)
  /// A named network namespace.
  case namespace(name: String)
  /// An interface that was moved into a namespace, and what it had before. Entries of older programs do not tell whether it was up.
  case movedLink(name: String, namespace: String, addresses: [String], routes: [String], isUp: Bool?)
  /// A cable between two machines, with the folder of its sockets.
  case link(name: String, folder: String)
  /// A running QEMU with its folder of sockets and logs.
  case machine(name: String, folder: String)
  /// A disk image that was made.
  case disk(path: String)
  /// A temporary file.
  case temporary(path: String)
  /// A temporary folder, with all in it.
  case temporaryFolder(path: String)

  /// The index of an interface, where it is known.
  var linkIndex: Int? {
    switch self {
    case .tap(_, let index, _), .bridge(_, let index, _): index
    default: nil
    }
  }

  /// As `kdevlua ps` and `down` name it.
  public var title: String {
    switch self {
    case .tap(let name, _, _): "tap \(name)"
    case .tapSettings(let name, _, _, _, _, _): "tap settings \(name)"
    case .bridge(let name, _, _): "bridge \(name)"
    case .nameService(let bridge, _, _): "name service \(bridge)"
    case .masquerade(let bridge, _): "masquerade \(bridge)"
    case .forwarding: "forwarding net.ipv4.ip_forward"
    case .namespace(let name): "namespace \(name)"
    case .movedLink(let name, _, _, _, _): "moved interface \(name)"
    case .link(let name, _): "link \(name)"
    case .machine(let name, _): "machine \(name)"
    case .disk(let path): "disk \(path)"
    case .temporary(let path): "temporary file \(path)"
    case .temporaryFolder(let path): "temporary folder \(path)"
    }
  }
}

/// A line of the journal: written before the change that it tells of.
public struct JournalEntry: Codable, Sendable, Equatable, Identifiable {
  /// Counts up; undoing goes from the highest down.
  public let id: Int
  /// The machine that it was made for; empty when for none.
  public let owner: String
  /// The boot of the host that it was made in: devices and processes do not outlive it.
  public let boot: String
  /// False until the set-up that made it has succeeded.
  public var kept: Bool
  public var resource: Resource
  /// Whether its set-up was undone, and it stayed for other machines' sake: it goes with the last of them. Entries of older programs
  /// do not tell.
  public var isLeft: Bool?
  /// The process that made it; entries of older programs have none.
  public var maker: ProcessIdentity?
  /// The network namespace that it runs in; entries of older programs have none.
  var callersNamespace: UInt64?
  /// Of a named network namespace its file, which tells it from a later one of its name: that may have its number, but not its time.
  var file: FileIdentity?
}

/// The list of what is to be undone: a file an entry, so that a killed kdevlua leaves a journal that the next one can read.
public struct Journal: Sendable {
  let folder: String

  /// All entries, oldest first. One that cannot be read, as after a power failure, does not keep the others from being
  /// undone: `brokenEntries` has it, and `LocalHost.collectGarbage` finds a machine, tap or bridge that it told of by looking.
  public func entries() throws(HostError) -> [JournalEntry] { try read().entries }

  /// The files of entries that cannot be read.
  public func brokenEntries() throws(HostError) -> [String] { try read().broken }

  private func read() throws(HostError) -> (entries: [JournalEntry], broken: [String]) {
    let names: [String]
    do throws(HostError) { names = try Files.list(folder) } catch {
      // One that may not be read is not empty.
      guard error.code == .missing else { throw error }
      return ([], [])
    }
    var entries: [JournalEntry] = []
    var broken: [String] = []
    for name in names where name.hasSuffix(".json") {
      let path = folder + "/" + name
      do {
        entries.append(try JSONDecoder().decode(JournalEntry.self, from: Data(try Files.read(path))))
      } catch let error as HostError {
        if error.code == .missing { continue }  // undone by another kdevlua in between
        throw error
      } catch {
        broken.append(path)
      }
    }
    return (entries.sorted { $0.id < $1.id }, broken)
  }

  /// Writes down what is about to be made.
  func record(_ resource: Resource, owner: String, kept: Bool) throws(HostError) -> JournalEntry {
    try Files.makeFolder(folder, mode: 0o700)
    let lock = try FileLock.wait(folder + "/.lock")
    defer { withExtendedLifetime(lock) {} }
    // A number is never used twice: somebody may still hold an entry that was struck out.
    let noted = Int((try? Files.text(folder + "/.last")) ?? "") ?? 0
    let numbers = try Files.list(folder).compactMap { name in Int(name.prefix(while: \.isNumber)) }
    let last = max(noted, numbers.max() ?? 0)
    // In place, under the lock, and never shorter than before: a new file under an old name waits for the disk on ext4
    // (auto_da_alloc of ext4(5)). Half a number is less than those of the entries, so it does no harm.
    do throws(HostError) {
      try Files.overwrite(folder + "/.last", with: String(last + 1))
    } catch {
      // There is none yet, or root left one that is not ours to write.
      try Files.write(Array(String(last + 1).utf8), to: folder + "/.last", mode: 0o600)
    }
    let entry = JournalEntry(
      id: last + 1, owner: owner, boot: try Self.bootID(), kept: kept, resource: resource, isLeft: false,
      maker: .current, callersNamespace: CallersNamespace.own)
    try update(entry)
    return entry
  }

  /// Writes the entry anew.
  func update(_ entry: JournalEntry) throws(HostError) {
    let bytes: [UInt8]
    do { bytes = [UInt8](try JSONEncoder().encode(entry)) } catch {
      throw HostError(.system, "cannot write the journal: \(error)")
    }
    try Files.write(bytes, to: path(entry), mode: 0o600)
  }

  /// Notes that what it tells of stays for other machines' sake, whatever becomes of its set-up.
  func leave(_ entry: JournalEntry) throws(HostError) {
    var entry = entry
    (entry.kept, entry.isLeft) = (true, true)
    try update(entry)
  }

  /// Whether the entry stands in the journal still.
  func has(_ entry: JournalEntry) -> Bool { Files.exists(path(entry)) }

  /// Whether an entry of this boot tells of it, here, whoever made it.
  func tells(of resource: Resource) throws(HostError) -> Bool {
    let boot = try Self.bootID()
    return try entries().contains { $0.boot == boot && $0.resource == resource && !$0.isElsewhere }
  }

  /// Strikes the entry out: it was undone, or was never made.
  func strike(_ entry: JournalEntry) throws(HostError) { try Files.remove(path(entry)) }

  private func path(_ entry: JournalEntry) -> String {
    let digits = String(entry.id)
    return folder + "/" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".json"
  }

  private static let knownBootID = Mutex<String?>(nil)

  /// The boot of the host that this is: it does not change while a program runs.
  static func bootID() throws(HostError) -> String {
    if let known = knownBootID.withLock({ $0 }) { return known }
    let id = String(try Files.text("/proc/sys/kernel/random/boot_id").prefix { $0 != "\n" })
    knownBootID.withLock { $0 = id }
    return id
  }
}
