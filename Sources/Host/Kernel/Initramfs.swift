import Glibc

/// The small root of the default guest, made on the spot: busybox, our init and agent, and the kernel's own modules.
public struct GuestScripts: Sendable {
  /// Files of stdlib/guest by name: init, agent, dhcp.
  public let files: [String: [UInt8]]
  /// Names of the modules that the guest loads, in the order in which they are wanted.
  public let modules: [String]

  /// - Parameter modules: the text of stdlib/guest/modules: names between white space.
  public init(files: [String: [UInt8]], modules: String) {
    self.files = files
    self.modules = modules.split(whereSeparator: \.isWhitespace).map(String.init)
  }
}

extension LocalHost {
  /// Makes the initramfs of a kernel, or finds it in the cache: it is kept under a checksum of all that is in it.
  /// - Returns: the archive's path.
  /// - Throws: `missing` for a program (busybox, cpio, modprobe), `command` when one fails.
  public func initramfs(for kernel: KernelImage, scripts: GuestScripts) async throws(HostError) -> String {
    try await step("initramfs for \(kernel.release)") { step async throws(HostError) in
      let folder = state.cache + "/initramfs"
      let busybox = try executables.require("busybox")
      guard try ELF.isStatic(busybox) else {
        throw HostError(
          .missing, "\(busybox) needs shared libraries, which the guest does not have",
          hint: "sudo apt-get install busybox-static")
      }
      if isDryRun, kernel.modulesRoot == nil { return folder + "/guest.cpio" }
      let modules = try await moduleFiles(scripts.modules, of: kernel)
      let path = folder + "/" + (try await checksum([busybox] + modules, scripts)) + ".cpio"
      if Files.exists(path) {
        step.adopted("\(modules.count) modules, from the cache")
        return path
      }
      if plans("# \(path): busybox, init, agent and \(modules.count) modules, packed by cpio -o -H newc") {
        return path
      }
      let lock = try await cacheLock(folder)
      defer { withExtendedLifetime(lock) {} }
      if !Files.exists(path) {
        let staging = folder + "/.partial"
        do throws(HostError) {
          try await stage(staging, busybox, modules, scripts)
          try await pack(staging, to: path)
        } catch {
          try Files.removeTree(staging)
          try Files.remove(staging + ".cpio")
          throw error
        }
        try Files.removeTree(staging)
      }
      step.detail("\(modules.count) modules, \(ByteSize(bytes: ((Files.size(path) ?? 0) >> 20) << 20).text)")
      return path
    }
  }

  /// Makes a folder of the cache, and holds it: whoever makes something there makes it alone.
  func cacheLock(_ folder: String) async throws(HostError) -> FileLock {
    try Files.makeFolder(folder)
    return try await FileLock.acquire(folder + "/.lock")
  }

  /// The files of the guest's modules in loading order, as `modprobe --show-depends` lists them. Names that the kernel does
  /// not have are left out: it may have them built in, or boot without.
  private func moduleFiles(_ names: [String], of kernel: KernelImage) async throws(HostError) -> [String] {
    guard let root = kernel.modulesRoot else {
      note("no modules of \(kernel.release) were found; the guest has what is built into the kernel")
      return []
    }
    var files: [String] = []
    for module in names {
      let listed = try await run(.query("modprobe", "-d", root, "-S", kernel.release, "--show-depends", module))
      for line in listed.outputText.split(separator: "\n") where line.hasPrefix("insmod ") {
        let path = String(line.dropFirst("insmod ".count).prefix { $0 != " " })
        if !files.contains(path) { files.append(path) }
      }
    }
    return files
  }

  private func checksum(_ files: [String], _ scripts: GuestScripts) async throws(HostError) -> String {
    var text = try await require(.query(["sha256sum"] + files), to: "take checksums").output
    for (name, bytes) in scripts.files.sorted(by: { $0.key < $1.key }) { text += Array(name.utf8) + bytes }
    var command = Command.query("sha256sum")
    command.input = text
    return String(try await require(command, to: "take checksums").outputText.prefix(32))
  }

  private func stage(
    _ staging: String, _ busybox: String, _ modules: [String], _ scripts: GuestScripts
  ) async throws(HostError) {
    try Files.removeTree(staging)
    for folder in ["bin", "lib/kdev", "modules", "proc", "sys", "dev", "run", "tmp", "root", "etc", "mnt/host"] {
      try Files.makeFolder(staging + "/" + folder)
    }
    try Files.write(try Files.read(busybox), to: staging + "/bin/busybox", mode: 0o755)
    guard symlink("busybox", staging + "/bin/sh") == 0 else {
      throw .system("could not make \(staging)/bin/sh", errno: errno)
    }
    for (name, bytes) in scripts.files {
      try Files.write(bytes, to: staging + (name == "init" ? "/init" : "/lib/kdev/" + name), mode: 0o755)
    }
    var order: [String] = []
    for file in modules {
      var name = Files.name(of: file)
      let unpack = [".xz": "xz", ".zst": "zstd", ".gz": "gzip"].first { name.hasSuffix($0.key) }
      if let unpack {
        name.removeLast(unpack.key.count)
        var command = Command.query(unpack.value, "-dc", file)
        command.output = .file(staging + "/modules/" + name, append: false)
        try await require(command, to: "unpack \(file)")
      } else {
        try Files.write(try Files.read(file), to: staging + "/modules/" + name)
      }
      order.append(name)
    }
    try Files.write(Array(order.map { $0 + "\n" }.joined().utf8), to: staging + "/modules/order")
  }

  /// Packs the folder with GNU cpio, uncompressed: a guest under emulation takes longer to unpack than to read.
  private func pack(_ staging: String, to path: String) async throws(HostError) {
    var command = Command.change("cpio", "-o", "-H", "newc", "-R", "0:0", "--reproducible", "--quiet")
    command.workingDirectory = staging
    command.input = Array(try Self.tree(staging).map { $0 + "\n" }.joined().utf8)
    command.output = .file(staging + ".cpio", append: false)
    try await require(command, to: "pack the initramfs")
    guard rename(staging + ".cpio", path) == 0 else {
      throw .system("could not write \(path)", errno: errno)
    }
  }

  /// All paths below a folder, a folder before what is in it.
  private static func tree(_ root: String, _ below: String = "") throws(HostError) -> [String] {
    var paths: [String] = []
    for name in try Files.list(root + (below.isEmpty ? "" : "/" + below)) {
      let path = below.isEmpty ? name : below + "/" + name
      paths.append(path)
      if Files.linkTarget(root + "/" + path) == nil, Files.isFolder(root + "/" + path) { paths += try tree(root, path) }
    }
    return paths
  }
}
