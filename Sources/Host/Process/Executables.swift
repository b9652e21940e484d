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
    if let known = found.withLock({ $0[name] }) { return known }
    for folder in search {
      let path = folder + "/" + name
      var status = stat()
      guard access(path, X_OK) == 0, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      found.withLock { $0[name] = path }
      return path
    }
    return nil
  }

  /// The program's path.
  /// - Throws: `missing`, with the Debian package that brings the program.
  public func require(_ name: String) throws(HostError) -> String {
    if let path = find(name) { return path }
    throw HostError(
      .missing, "the program \(name) is not installed",
      hint: Self.packages[name].map { "sudo apt-get install \($0)" } ?? "install \(name), or put it into PATH")
  }

  /// The Debian package that holds each program the host calls.
  public static let packages: [String: String] = [
    "qemu-system-x86_64": "qemu-system-x86", "qemu-img": "qemu-utils", "ip": "iproute2", "busybox": "busybox-static",
    "cpio": "cpio", "depmod": "kmod", "modprobe": "kmod", "modinfo": "kmod", "sha256sum": "coreutils",
    "sha512sum": "coreutils", "xorriso": "xorriso", "xz": "xz-utils",
    "zstd": "zstd", "gzip": "gzip", "lz4": "lz4", "bzip2": "bzip2", "lzop": "lzop",
    "gcc": "gcc", "flex": "flex", "bison": "bison", "ccache": "ccache", "distcc": "distcc",
    "icecc": "icecc", "clang": "clang",
    "ld.lld": "lld",
    "dpkg-deb": "dpkg", "apt-get": "apt", "sudo": "sudo", "git": "git", "make": "make",
    "ssh": "openssh-client", "ssh-keygen": "openssh-client", "tar": "tar", "curl": "curl",
    "dnsmasq": "dnsmasq-base", "nft": "nftables", "sysctl": "procps", "setpriv": "util-linux",
    "gdb": "gdb",
  ]
}
