import Host

/// What `kdev.vm.launch` was asked for, as the host takes it.
struct LaunchOptions {
  private let options: Options

  init(_ options: Options) { self.options = options }

  func spec(_ host: LocalHost) throws -> MachineSpec {
    let kernel: KernelObject = try options.required("kernel")
    var spec = MachineSpec(name: try options.required("name"), kernel: kernel.kernel.path)
    spec.initrd = try options.string("initramfs").map { Files.absolute($0) }
    if let memory = try options.size("memory") {
      guard memory.bytes >= 64 << 20 else { throw options.wrong("memory", "64M at least expected, got \(memory.text)") }
      spec.memory = memory.bytes >> 20
    }
    spec.cpus = try options.integer("cpus", in: 1...255) ?? 1
    spec.accelerator = MachineSpec.Accelerator(rawValue: try options.string("accel") ?? "tcg") ?? .tcg
    spec.cpu = try options.string("cpu") ?? (spec.accelerator == .kvm ? "host" : "max")
    spec.board = try options.string("machine") ?? "pc"
    let disks: [DiskObject] = try options.value("disks") ?? []
    spec.drives = disks.map { .init(path: $0.disk.path, format: $0.disk.format.rawValue) }
    spec.shares = try shares()
    spec.vnc = try options.integer("vnc", in: 0...99)
    spec.append = try options.strings("append")
    spec.extra = try options.strings("extra")
    try network(&spec, host)
    return spec
  }

  private func shares() throws -> [MachineSpec.Share] {
    try options.texts("share").map { tag, path in
      let path = String(decoding: path, as: UTF8.self)
      guard let folder = Files.resolve(path), Files.isFolder(folder) else {
        throw options.wrong("share", "there is no folder \(path)")
      }
      // The tag's length is that of struct virtio_9p_config in Linux (P9_... MAX_TAG_LEN in QEMU's 9p.h).
      guard (1...31).contains(tag.utf8.count) else {
        throw options.wrong("share", "the tag \"\(tag)\" is not 1 to 31 bytes long")
      }
      return .init(tag: tag, path: folder)
    }
  }

  private func network(_ spec: inout MachineSpec, _ host: LocalHost) throws {
    let vhost = try options.bool("vhost")
    let address = try options.string("address")
    if let user: UserNetworkObject = try? options.value("net") {
      guard !vhost else { throw options.wrong("vhost", "user networking has none") }
      spec.network = .user(sshPort: user.port)
      // The addresses that QEMU's user networking gives (qemu-system-x86_64(1), -netdev user).
      spec.address = address ?? "10.0.2.15/24,10.0.2.2,10.0.2.3"
    } else if let tap: TapObject = try options.value("net") {
      let works = host.probeVhost()
      if vhost, !works.works {
        throw HostError(.missing, "vhost cannot be had: \(works.reason)", hint: works.hint)
      }
      spec.network = .tap(name: tap.tap.name, vhost: vhost)
      spec.address = try address ?? tap.bridge.map { try host.guestAddress(for: spec.name, in: $0) }
    }
  }
}
