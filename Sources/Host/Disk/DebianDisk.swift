import Synchronization

/// What the disk of a Debian guest is made of.
public struct DebianDisk: Sendable {
  /// The release's name: `bookworm`.
  public var release = "bookworm"
  /// Where its packages come from; nil is what mmdebstrap takes for the release, security updates included.
  public var mirror: String?
  /// Packages besides those that every guest has.
  public var packages: [String] = []
  /// What the guest sees. The file takes only the room that is written.
  public var size = ByteSize(bytes: 20 << 30)
  /// The files of stdlib/guest/debian by name: what every guest has (packages), what of packages is left out (dpkg.cfg), and
  /// the scripts that mmdebstrap calls.
  public var files: [String: [UInt8]]
  /// The files of the default guest, which go to /lib/kdev.
  public var guest: [String: [UInt8]]

  public init(files: [String: [UInt8]], guest: [String: [UInt8]]) {
    self.files = files
    self.guest = guest
  }

  /// All packages, sorted.
  var allPackages: [String] {
    let common = String(decoding: files["packages"] ?? [], as: UTF8.self).split(whereSeparator: \.isWhitespace)
    return Set(common.map(String.init) + packages).sorted()
  }

  /// All that the disk depends on, as bytes.
  var key: [UInt8] {
    let words = [release, mirror ?? "", size.text] + allPackages
    return (files.map { ($0, $1) } + guest.map { ("guest/" + $0, $1) }).sorted { $0.0 < $1.0 }
      .reduce(into: Array(words.joined(separator: "\n").utf8)) { $0 += Array($1.0.utf8) + $1.1 }
  }
}

extension LocalHost {
  /// The disk of a Debian guest, to put overlays on: made by mmdebstrap(1), with a boot loader, Debian's kernel and our agent
  /// in it. It is kept in the cache under a checksum of all that it is made of, and can only be read.
  /// - Throws: `invalid` for a size below 2 GiB; `missing` without mmdebstrap; `permission` when it gets no root; `command` with its last words, as when a
  ///   package does not exist or the mirror is not reached.
  public func debianDisk(_ wanted: DebianDisk) async throws(HostError) -> Disk {
    guard wanted.size.bytes >= 2 << 30 else {
      throw HostError(.invalid, "a disk of \(wanted.size.text) is too small for Debian", hint: "2G at least")
    }
    return try await step("Debian \(wanted.release)") { step async throws(HostError) in
      _ = try executables.require("mmdebstrap")
      var command = Command.query("sha256sum")
      command.input = wanted.key
      let sum = try await require(command, to: "take checksums").outputText.prefix(16)
      let folder = state.cache + "/guests"
      let path = "\(folder)/debian-\(wanted.release)-\(sum).qcow2"
      let disk = Disk(path: path, format: .qcow2, size: wanted.size, backing: nil)
      if Files.exists(path) {
        step.adopted("\(disk.text), from the cache")
        return disk
      }
      let lock = isDryRun ? nil : try await cacheLock(folder)
      defer { withExtendedLifetime(lock) {} }
      if !isDryRun, Files.exists(path) {
        step.adopted("\(disk.text), made meanwhile")
        return disk
      }
      let staging = folder + "/.partial"
      do throws(HostError) {
        try await make(wanted, in: staging, as: path, step)
      } catch {
        if !isDryRun { try Files.removeTree(staging) }
        throw error
      }
      if !isDryRun { try Files.removeTree(staging) }
      step.detail("\(disk.text), \(ByteSize.rounded(Files.size(path) ?? 0))")
      return disk
    }
  }

  private func make(
    _ wanted: DebianDisk, in staging: String, as path: String, _ step: Step
  ) async throws(HostError) {
    if !plans("mkdir -p \(ShellText.quote(staging))  # with the files of stdlib/guest") {
      try Files.removeTree(staging)
      try Files.makeFolder(staging + "/guest")
      for (name, bytes) in wanted.files { try Files.write(bytes, to: "\(staging)/\(name)", mode: 0o755) }
      for (name, bytes) in wanted.guest { try Files.write(bytes, to: "\(staging)/guest/\(name)", mode: 0o755) }
    }
    let raw = staging + "/disk"
    try await require(
      .change("qemu-img", "create", "-q", "-f", "raw", raw, wanted.size.text), to: "make the disk")
    // Nothing but mmdebstrap is run by root: it makes root's files, and its last hook writes them into the disk.
    var bootstrap = Command.change(
      [
        "mmdebstrap", "--variant=minbase", "--format=null", "--dpkgopt=\(staging)/dpkg.cfg",
        "--essential-hook=\(staging)/prepare", "--customize-hook=\(staging)/finish",
        "--include=\(wanted.allPackages.joined(separator: ","))", wanted.release,
        "/dev/null",
      ] + (wanted.mirror.map { [$0] } ?? [])
    ).privileged
    let said = Mutex<[String]>([])
    bootstrap.error = .lines { line in
      let text = String(decoding: line, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
      said.withLock { $0 = $0.suffix(11) + [text] }
      // `I: extracting archives...`; its bars have carriage returns in them.
      if text.hasPrefix("I: ") { step.progress(String(text.dropFirst(3))) }
    }
    let result = try await run(bootstrap, timeLimit: .seconds(3600))
    guard result.succeeded else {
      var error = failure(of: bootstrap, result, to: "make a root of Debian \(wanted.release)")
      error.detail = said.withLock { $0.joined(separator: "\n") }
      throw error
    }
    let packed = staging + "/disk.qcow2"
    step.progress("packing")
    try await require(
      .change("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, packed), to: "pack the disk",
      timeLimit: .seconds(1800))
    if plans("mv \(ShellText.quote(packed)) \(ShellText.quote(path))") { return }
    try Files.setMode(0o444, of: packed)
    try Files.move(packed, to: path)
  }
}
