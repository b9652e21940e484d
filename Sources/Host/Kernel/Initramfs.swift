import Glibc

/// The small root of the default guest, made on the spot: busybox, our init and agent, and the kernel's own modules.
public struct GuestScripts: Sendable {
  /// The files of stdlib/guest that go into it.
  public static let names = ["init", "agent", "dhcp", "network", "freeze", "thaw", "later"]

  /// Those files by name.
  public let files: [String: [UInt8]]
  /// Names of the modules that the guest loads, in the order in which they are wanted.
  public let modules: [String]

  /// - Parameter modules: the text of stdlib/guest/modules: names between white space.
  public init(files: [String: [UInt8]], modules: String) {
    self.files = files
    self.modules = modules.split(whereSeparator: \.isWhitespace).map(String.init)
  }
}

/// All that an initramfs is made of.
private struct InitramfsContent {
  let busybox: String
  let scripts: GuestScripts
  let release: String
  /// The files of the modules that the guest loads by itself, and the names that they are for.
  let loaded: [String]
  let loadedNames: [String]
  /// Those that it can load, and what they need.
  let loadable: [String]

  /// All of them; first those that are loaded.
  var modules: [String] { loaded + loadable.filter { !loaded.contains($0) } }
}

extension LocalHost {
  /// Makes the initramfs of a kernel, or finds it in the cache: it is kept under a checksum of all that is in it.
  /// - Parameter modules: names or aliases of modules that the guest can load besides, with all that they need: its modprobe
  ///   finds them, and so does the kernel when it asks for one by itself, as for the file system of a mount.
  /// - Returns: the archive's path.
  /// - Throws: `missing` for a program (busybox, cpio, modprobe, depmod) and for a module of `modules` that the kernel has
  ///   neither as a module nor built in, `command` when a program fails.
  public func initramfs(
    for kernel: KernelImage, scripts: GuestScripts, modules extra: [String] = []
  ) async throws(HostError) -> String {
    try await step("initramfs for \(kernel.release)") { step async throws(HostError) in
      let folder = state.cache + "/initramfs"
      let busybox = try executables.require("busybox")
      guard try ELF.isStatic(busybox) else {
        throw HostError(
          .missing, "\(busybox) needs shared libraries, which the guest does not have",
          hint: "sudo apt-get install busybox-static")
      }
      if isDryRun, kernel.modulesRoot == nil { return folder + "/guest.cpio" }
      let note = KnownInitramfs.path(in: folder, kernel, scripts, extra)
      if let path = KnownInitramfs.archive(notedIn: note, busybox: busybox) {
        step.adopted("from the cache")
        return path
      }
      let loaded = try await moduleFiles(scripts.modules, of: kernel)
      let content = InitramfsContent(
        busybox: busybox, scripts: scripts, release: kernel.release, loaded: loaded.files, loadedNames: loaded.names,
        loadable: try await moduleFiles(extra, of: kernel, areRequired: true).files)
      let known = [busybox] + content.modules + Self.moduleLists(of: kernel)
      let count = content.modules.count
      let path = folder + "/" + (try await checksum(content)) + ".cpio"
      if Files.exists(path) {
        step.adopted("\(count) modules, from the cache")
        if !isDryRun { try KnownInitramfs(archive: path, files: known).write(to: note) }
        return path
      }
      if plans("# \(path): busybox, init, agent and \(count) modules, packed by cpio -o -H newc") {
        return path
      }
      let lock = try await cacheLock(folder)
      defer { withExtendedLifetime(lock) {} }
      if !Files.exists(path) {
        let staging = folder + "/.partial"
        do throws(HostError) {
          try await stage(staging, content, of: kernel)
          try await pack(staging, to: path)
        } catch {
          try Files.removeTree(staging)
          try Files.remove(staging + ".cpio")
          throw error
        }
        try Files.removeTree(staging)
      }
      try KnownInitramfs(archive: path, files: known).write(to: note)
      step.detail("\(count) modules, \(ByteSize(bytes: ((Files.size(path) ?? 0) >> 20) << 20).text)")
      return path
    }
  }

  /// Makes a folder of the cache, and holds it: whoever makes something there makes it alone.
  func cacheLock(_ folder: String) async throws(HostError) -> FileLock {
    try Files.makeFolder(folder)
    return try await FileLock.acquire(folder + "/.lock")
  }

  /// Where the kernel's tools look for what modules it has, and which need others.
  private static func moduleLists(of kernel: KernelImage) -> [String] {
    kernel.modules.map { ["\($0)/modules.dep", "\($0)/modules.alias", "\($0)/modules.builtin"] } ?? []
  }

  /// The files of modules in loading order, as `modprobe --show-depends` lists them, and which of the names have some.
  /// - Parameter areRequired: whether a name that the kernel does not have is an error. Else it is left out: the kernel may
  ///   have it built in, or boot without.
  private func moduleFiles(
    _ names: [String], of kernel: KernelImage, areRequired: Bool = false
  ) async throws(HostError) -> (files: [String], names: [String]) {
    guard let root = kernel.modulesRoot else {
      if names.isEmpty { return ([], []) }
      if areRequired {
        throw HostError(
          .missing, "no modules of \(kernel.release) were found, and \(names.joined(separator: ", ")) is wanted",
          hint: kernel.installModules)
      }
      note("no modules of \(kernel.release) were found; the guest has what is built into the kernel")
      return ([], [])
    }
    var files: [String] = []
    var found: [String] = []
    for module in names {
      let listed = try await run(.query("modprobe", "-d", root, "-S", kernel.release, "--show-depends", module))
      if areRequired, !listed.succeeded {
        throw HostError(
          .missing, "the kernel \(kernel.release) has no module \(module), and does not have it built in",
          hint: "configure it as a module, or take another kernel", detail: listed.errorText)
      }
      let lines = listed.outputText.split(separator: "\n").filter { $0.hasPrefix("insmod ") }
      if !lines.isEmpty { found.append(module) }
      for line in lines {
        let path = String(line.dropFirst("insmod ".count).prefix { $0 != " " })
        if !files.contains(path) { files.append(path) }
      }
    }
    return (files, found)
  }

  private func checksum(_ content: InitramfsContent) async throws(HostError) -> String {
    let files = [content.busybox] + content.modules
    let sums = try await require(.query(["sha256sum"] + files), to: "take checksums").outputText
    // Where a file lies is no part of what is in the archive.
    var text = sums.split(separator: "\n").flatMap { line in
      Array(line.prefix { $0 != " " }.utf8) + Array(Files.name(of: String(line)).utf8)
    }
    text += Array("\(content.loadedNames.joined(separator: " ")) of \(content.release)\n".utf8)
    for (name, bytes) in content.scripts.files.sorted(by: { $0.key < $1.key }) { text += Array(name.utf8) + bytes }
    var command = Command.query("sha256sum")
    command.input = text
    return String(try await require(command, to: "take checksums").outputText.prefix(32))
  }

  private func stage(
    _ staging: String, _ content: InitramfsContent, of kernel: KernelImage
  ) async throws(HostError) {
    try Files.removeTree(staging)
    let folders = [
      "bin", "sbin", "usr/bin", "usr/sbin", "lib/kdev", "proc", "sys", "dev", "run", "tmp", "root", "etc", "mnt/host",
    ]
    for folder in folders { try Files.makeFolder(staging + "/" + folder) }
    try Files.write(try Files.read(content.busybox), to: staging + "/bin/busybox", mode: 0o755)
    try link(staging + "/bin/sh", to: "busybox")
    // Where the kernel calls it from (CONFIG_MODPROBE_PATH).
    try link(staging + "/sbin/modprobe", to: "../bin/busybox")
    for (name, bytes) in content.scripts.files {
      try Files.write(bytes, to: staging + (name == "init" ? "/init" : "/lib/kdev/" + name), mode: 0o755)
    }
    let folder = "lib/modules/" + content.release
    try Files.makeFolder(staging + "/" + folder)
    for file in content.modules {
      var name = Files.name(of: file)
      let unpack = [".xz": "xz", ".zst": "zstd", ".gz": "gzip"].first { name.hasSuffix($0.key) }
      if let unpack { name.removeLast(unpack.key.count) }
      let copy = staging + "/" + folder + "/" + name
      if let unpack {
        var command = Command.query(unpack.value, "-dc", file)
        command.output = .file(copy, append: false)
        try await require(command, to: "unpack \(file)")
      } else {
        try Files.write(try Files.read(file), to: copy)
      }
    }
    try Files.write(
      Array(content.loadedNames.map { $0 + "\n" }.joined().utf8), to: staging + "/lib/kdev/modules")
    try await index(folder, of: kernel, in: staging)
  }

  /// Makes the lists that modprobe reads in the guest. Busybox's knows none but the texts.
  private func index(_ folder: String, of kernel: KernelImage, in staging: String) async throws(HostError) {
    guard let modules = kernel.modules else { return }
    for list in ["modules.order", "modules.builtin", "modules.builtin.modinfo"]
    where Files.exists(modules + "/" + list) {
      try Files.write(try Files.read(modules + "/" + list), to: "\(staging)/\(folder)/\(list)")
    }
    try await require(
      .query("depmod", "-b", staging, kernel.release), to: "list the modules of \(kernel.release)")
    for name in try Files.list(staging + "/" + folder)
    where name.hasSuffix(".bin") || ["modules.order", "modules.builtin.modinfo"].contains(name) {
      try Files.remove("\(staging)/\(folder)/\(name)")
    }
  }

  private func link(_ path: String, to target: String) throws(HostError) {
    guard symlink(target, path) == 0 else { throw .system("could not make \(path)", errno: errno) }
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
