import CHost
import Glibc

/// This program, packed for a machine that has no kdevlua of its own: with the libraries that it has loaded, but for those of
/// the C library. It looks for them in its own folder first.
struct RemoteProgram: Sendable {
  /// The number of the language that both ends speak. Two versions of kdevlua with one number work together.
  static let protocolNumber = 1

  /// What tells this build from others: the linker's build ID, else size and time of the file.
  static var key: String {
    var text = [CChar](repeating: 0, count: 65)
    chost_build_id(&text)
    let id = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if !id.isEmpty { return id }
    var status = stat()
    guard stat("/proc/self/exe", &status) == 0 else { return "unknown" }
    return "\(status.st_size)-\(status.st_mtim.tv_sec)"
  }

  /// The system and processor that it runs on, as `uname -s -m` has them.
  static var machine: String {
    var names = utsname()
    guard uname(&names) == 0 else { return "" }
    func text<Name>(_ name: Name) -> String {
      withUnsafeBytes(of: name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return "\(text(names.sysname)) \(text(names.machine))"
  }

  /// The libraries, by the paths and under the names by which they were loaded.
  static var libraries: [String] {
    final class Paths { var all: [String] = [] }
    let paths = Paths()
    chost_each_library(
      { path, context in
        guard let path, let context else { return }
        Unmanaged<Paths>.fromOpaque(context).takeUnretainedValue().all.append(String(cString: path))
      }, Unmanaged.passUnretained(paths).toOpaque())
    let system = ["ld-linux", "libc.so", "libm.so", "libpthread.so", "libdl.so", "librt.so", "libresolv.so"]
    return paths.all.filter { path in !system.contains { Files.name(of: path).hasPrefix($0) } }
  }
}

extension LocalHost {
  /// A tar archive, compressed, of this program and its libraries; made once for each build.
  func packProgram() async throws(HostError) -> [UInt8] {
    let folder = state.cache + "/packed"
    let archive = "\(folder)/\(RemoteProgram.key).tar.gz"
    if Files.exists(archive) { return try Files.read(archive) }
    guard let program = Files.linkTarget("/proc/self/exe") else {
      throw HostError(.system, "the file of this program is not known")
    }
    // Links under the names that they shall have; tar follows them.
    let links = "\(archive).partial-\(getpid())"
    try Files.makeFolder(links, mode: 0o700)
    defer { try? Files.removeTree(links) }
    for (name, path) in [("kdevlua", program)] + RemoteProgram.libraries.map({ (Files.name(of: $0), $0) }) {
      guard symlink(path, "\(links)/\(name)") == 0 else {
        throw .system("could not pack \(path)", errno: errno)
      }
    }
    let packed = "\(links)/packed"
    let names = try Files.list(links).sorted()
    // As quickly as gzip can: it is sent once or twice.
    let form = ["tar", "-c", "-h", "-I", "gzip -1", "-f"]
    var command = Command.query(form + [packed, "-C", links] + names)
    command.said = [form + [archive, program]]
    try await require(command, to: "pack this program")
    guard rename(packed, archive) == 0 else { throw .system("could not write \(archive)", errno: errno) }
    return try Files.read(archive)
  }
}
