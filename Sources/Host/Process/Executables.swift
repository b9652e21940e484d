import Glibc
import Synchronization

/// Programs by name, found in PATH once (a spawn by name costs twice one by path).
public final class Executables: Sendable {
  private let search: [String]
  private let found = Mutex<[String: String]>([:])

  /// - Parameter path: the value of PATH. The folders of system programs are searched after it, since Debian leaves
  ///   them out of an ordinary user's PATH and `ip` and `depmod` live there.
  public init(path: String) {
    var folders = path.split(separator: ":").map(String.init)
    for folder in ["/usr/local/sbin", "/usr/sbin", "/sbin"] where !folders.contains(folder) { folders.append(folder) }
    search = folders
  }

  /// The program's path, or nil when PATH has none. A name with a slash is a path already.
  public func find(_ name: String) -> String? {
    if name.contains("/") { return access(name, X_OK) == 0 ? name : nil }
    // One that has been removed since is looked for again.
    if let known = found.withLock({ $0[name] }), access(known, X_OK) == 0 { return known }
    for folder in search {
      let path = folder + "/" + name
      var status = stat()
      guard access(path, X_OK) == 0, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      found.withLock { $0[name] = path }
      return path
    }
    return nil
  }

  /// The program's path in PATH, or else the first of the places where it is.
  func find(_ name: String, or places: [String]) -> String? { find(name) ?? places.first { find($0) != nil } }

  /// The program's path.
  /// - Throws: `missing`, with the Debian package that brings the program.
  public func require(_ name: String) throws(HostError) -> String {
    if let path = find(name) { return path }
    throw HostError(
      .missing, "the program \(name) is not installed",
      hint: Self.packages[name].map { "sudo apt-get install \($0)" } ?? "install \(name), or put it into PATH")
  }

  /// The Debian package that holds each program the host calls.
  public static let packages = Dictionary(
    Program.all.map { ($0.name, $0.package) }, uniquingKeysWith: { first, _ in first })
}
