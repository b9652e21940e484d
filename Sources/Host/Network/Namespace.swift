import CHost
import Glibc

/// A named network namespace (ip-netns(8)): interfaces, routes, firewall and ports of its own.
public struct NetworkNamespace: Sendable, Equatable {
  public let name: String
  /// Its lines in the journal: of itself when it was made now, and of what was moved into it.
  let entries: [JournalEntry]
}

extension LocalHost {
  /// Where ip-netns(8) keeps named namespaces.
  static let namespaces = "/run/netns"

  /// Whether a named namespace is not there. Its file alone is none: it may be mounted nowhere that this program sees
  /// (mount_namespaces(7)), as after `ip netns add` in what `ip netns exec` runs.
  func isGone(_ namespace: String?) -> Bool {
    namespace.map { chost_is_namespace(Self.namespaces + "/" + $0) == 0 } ?? false
  }

  /// Whether the named namespace that an entry tells of is another one than is there now.
  func isAnother(_ entry: JournalEntry) -> Bool {
    guard case .namespace(let name) = entry.resource, let file = entry.file, !isGone(name) else { return false }
    return FileIdentity(Self.namespaces + "/" + name) != file
  }

  /// Makes a named network namespace with its loopback up; takes over one that is there.
  /// - Parameter interfaces: interfaces of the host to move into it, such as a WireGuard one, with their addresses and routes. Down
  ///   moves them back.
  /// - Throws: `invalid` for a bad name, `missing` when an interface is in neither.
  public func makeNamespace(_ name: String, interfaces: [String], in transaction: Transaction) async throws(HostError)
    -> NetworkNamespace
  {
    try Self.validate(namespace: name)
    for interface in interfaces { try Self.validate(interfaceName: interface) }
    return try await step("namespace \(name)") { step async throws(HostError) in
      let lock = try await networkLock()
      defer { withExtendedLifetime(lock) {} }
      let isNew = isGone(name)
      if isNew, Files.exists(Self.namespaces + "/" + name) {
        throw HostError(
          .conflict, "\(Self.namespaces)/\(name) is there, and no namespace that can be entered from here",
          hint: "ip netns del \(name)")
      }
      // Before anything is made: which interfaces are here, and which are there already.
      let there = isNew || interfaces.isEmpty ? [] : try await links(in: name).map(\.name)
      let here = interfaces.isEmpty ? [] : try await links()
      var moving: [Link] = []
      for interface in interfaces where !there.contains(interface) {
        guard let link = here.first(where: { $0.name == interface }) else {
          throw HostError(
            .missing, "there is no interface \(interface) to move into the namespace \(name)",
            hint: "ip link shows those there are")
        }
        moving.append(link)
      }
      var entries: [JournalEntry] = []
      if isNew { step.detail("made") } else { step.adopted("as it is") }
      do throws(HostError) {
        if isNew {
          if !isDryRun { entries.append(try transaction.record(.namespace(name: name))) }
          try await require(.change("ip", "netns", "add", name).privileged, to: "make the namespace \(name)")
          if !isDryRun {
            entries[0].file = FileIdentity(Self.namespaces + "/" + name)
            try journal.update(entries[0])
          }
          // `-n` is an option of ip and nothing that stands in a batch.
          try await require(
            .change("ip", "-n", name, "link", "set", "lo", "up").privileged, to: "bring the loopback of \(name) up")
        }
        for link in moving {
          if let moved = try await move(link, into: name, in: transaction) { entries.append(moved) }
        }
        return NetworkNamespace(name: name, entries: entries)
      } catch {
        let made = entries
        if !transaction.keepOnFailure || transaction.owner.isEmpty {
          try await uncancelled { () async throws(HostError) in try await self.undoNetwork(made, isLocked: true) }
        }
        throw error
      }
    }
  }

  /// Removes a namespace that was made by `makeNamespace`; one that was taken over stays.
  public func remove(_ namespace: NetworkNamespace) async throws(HostError) {
    try await undoNetwork(namespace.entries)
  }

  /// A program run in a namespace: `ip netns exec NAME …`, which needs root, and then as the calling user again.
  /// - Parameter keepsRoot: the program itself needs root.
  func inside(_ namespace: String?, _ command: Command, keepsRoot: Bool = false) -> Command {
    guard let namespace else { return keepsRoot ? command.privileged : command }
    var copy = command.privileged
    let user =
      isRoot || keepsRoot ? [] : ["setpriv", "--reuid", "\(getuid())", "--regid", "\(getgid())", "--init-groups"]
    copy.arguments = ["ip", "netns", "exec", namespace] + user + command.arguments
    return copy
  }

  static func validate(namespace name: String) throws(HostError) {
    // A file's name below /run/netns; ip takes any that open(2) does.
    let good = name.utf8.allSatisfy { byte in
      byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
        || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
        || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }
    guard good, !name.isEmpty, name.utf8.count <= 64, !name.hasPrefix("-"), !name.hasPrefix(".") else {
      throw HostError(
        .invalid, "\"\(name)\" cannot be a namespace's name: letters, digits, \"-\", \"_\" and \".\", 64 at most")
    }
  }
}

extension MachineSpec {
  /// The network namespace that the machine is started in: that of its taps.
  var namespace: String? { cards.lazy.compactMap(\.namespace).first }
}
