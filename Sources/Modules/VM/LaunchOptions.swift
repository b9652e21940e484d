import Host
import LuaKit

/// What `kdev.vm.launch` was asked for, as the host takes it.
struct LaunchOptions {
  let options: Options

  init(_ options: Options) { self.options = options }

  func spec(_ host: LocalHost) throws -> MachineSpec {
    let kernel: KernelObject? = try options.value("kernel")
    var spec = MachineSpec(name: try options.required("name"), kernel: kernel?.kernel.path)
    spec.initrd = try options.string("initramfs").map { Files.absolute($0) }
    if let memory = try options.size("memory") {
      guard memory.bytes >= 64 << 20 else { throw options.wrong("memory", "64M at least expected, got \(memory.text)") }
      spec.memory = memory.bytes >> 20
    }
    spec.cpus = try options.integer("cpus", in: 1...255) ?? 1
    spec.accelerator = MachineSpec.Accelerator(rawValue: try options.string("accel") ?? "tcg") ?? .tcg
    try display(&spec)
    // Whoever asks for a display wants to see something on it.
    spec.profile =
      MachineSpec.Profile(rawValue: try options.string("profile") ?? "")
      ?? (spec.display == .free && kernel != nil ? .fast : .document)
    spec.cpu = try options.string("cpu") ?? defaultCPU(spec)
    spec.board = try options.string("machine") ?? "pc"
    spec.drives = try drives()
    spec.shares = try shares()
    spec.append = try options.strings("append")
    spec.extra = try options.strings("extra")
    try start(&spec)
    try devices(&spec, host)
    try network(&spec, host)
    return spec
  }

  /// What the machine boots from, and what is waited for.
  private func start(_ spec: inout MachineSpec) throws {
    if spec.kernel == nil {
      if spec.initrd != nil { throw options.wrong("initramfs", "an initramfs without a kernel") }
      if !spec.append.isEmpty { throw options.wrong("append", "words for a kernel's command line, and no kernel") }
    }
    spec.cdrom = try options.string("cdrom").map { path in
      guard let file = Files.resolve(path) else { throw options.wrong("cdrom", "there is no file \(path)") }
      return file
    }
    if let order = try options.string("boot") {
      guard !order.isEmpty, order.allSatisfy({ "acdn".contains($0) }), Set(order).count == order.count else {
        throw options.wrong(
          "boot", "letters expected, in order: c disk, d CD-ROM, n network, a floppy disk; got \"\(order)\"")
      }
      guard spec.kernel == nil else { throw options.wrong("boot", "a machine with a kernel boots from that") }
      spec.boot = order
    }
    if let reboots: Bool = try options.value("reboot") { spec.reboots = reboots }
    if let agent = try options.string("agent").flatMap(MachineSpec.Agent.init(rawValue:)) {
      spec.agent = agent
      // Who names one wants it to answer.
      spec.wait = .agent
    }
    if let wait = try options.string("wait").flatMap(MachineSpec.Wait.init(rawValue:)) { spec.wait = wait }
  }

  private func defaultCPU(_ spec: MachineSpec) -> String {
    switch (spec.accelerator, spec.profile) {
    case (.kvm, _): "host"
    // A plain processor: what it does not have the kernel need not set up, and QEMU need not emulate.
    case (.tcg, .fast): "qemu64"
    case (.tcg, .document): "max"
    }
  }

  /// Reads the folders that were asked for.
  func shares() throws -> [Share] {
    guard options.push(list: "share") else { return [] }
    let lua = options.lua
    defer { lua.pop() }
    let table = lua.top
    return try lua.keys(of: table).sorted().map { tag in
      lua.rawField(tag, of: table)
      defer { lua.pop() }
      let more = lua.type(at: -1) == .table ? options.inner("kdev.vm.ShareOptions", at: -1) : nil
      let path: String = try more?.required("path") ?? lua.read(-1)
      guard let folder = Files.resolve(path), Files.isFolder(folder) else {
        throw options.wrong("share", "there is no folder \(path)")
      }
      // The tag's length is that of struct virtio_9p_config in Linux (P9_... MAX_TAG_LEN in QEMU's 9p.h).
      guard (1...31).contains(tag.utf8.count) else {
        throw options.wrong("share", "the tag \"\(tag)\" is not 1 to 31 bytes long")
      }
      return Share(
        tag: tag, path: folder,
        security: try more?.string("security").flatMap(Share.Security.init(rawValue:)) ?? .none,
        readOnly: try more?.bool("read_only") ?? false,
        driver: try more?.string("driver").flatMap(Share.Driver.init(rawValue:)) ?? .plan9)
    }
  }
}
