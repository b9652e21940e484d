import Glibc

/// Where kdevlua keeps what it must remember: `$KDEVLUA_STATE`, else `$XDG_STATE_HOME/kdevlua`, else
/// `~/.local/state/kdevlua`; and what it can make again: `$KDEVLUA_CACHE`, else `$XDG_CACHE_HOME/kdevlua`, else
/// `~/.cache/kdevlua` (XDG Base Directory Specification).
public struct StateDirectory: Sendable, Equatable {
  public let root: String
  public let cache: String

  public init(environment: [String: String]) throws(HostError) {
    func place(_ own: String, _ xdg: String, _ home: String) throws(HostError) -> String {
      if let path = environment[own], !path.isEmpty { return Files.absolute(path) }
      if let path = environment[xdg], path.hasPrefix("/") { return path + "/kdevlua" }
      if let path = environment["HOME"], path.hasPrefix("/") { return path + "/" + home + "/kdevlua" }
      throw HostError(.invalid, "no place for kdevlua's files: neither \(own), \(xdg) nor HOME is set")
    }
    root = try place("KDEVLUA_STATE", "XDG_STATE_HOME", ".local/state")
    cache = try place("KDEVLUA_CACHE", "XDG_CACHE_HOME", ".cache")
  }

  /// What was changed on the host and is to be undone.
  public var journal: String { root + "/journal" }
  /// A folder for each machine: sockets, console log, description.
  public var machines: String { root + "/machines" }
  /// Disks of machines that were given no path.
  public var disks: String { root + "/disks" }
  /// A file a machine, locked while it is set up or taken down.
  public var locks: String { root + "/locks" }

  /// A folder a bridge: who has which address in it, and the files of its dnsmasq.
  public var networks: String { root + "/networks" }

  /// Makes a folder of the state, for the owner alone.
  public func make(_ folder: String) throws(HostError) {
    do throws(HostError) {
      try Files.makeFolder(Files.folder(of: root))
      try Files.makeFolder(folder, mode: 0o700)
    } catch {
      var error = error
      if error.code == .permission || error.code == .system {
        error.hint = error.hint ?? "kdevlua keeps its state there; set KDEVLUA_STATE to a folder that you may write"
      }
      throw error
    }
  }
}
