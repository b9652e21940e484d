/// The QEMU line of a machine, from small pure functions (QEMU's man page, qemu-system-x86_64(1)), in the order of the
/// workflow's document.
enum QEMUOption {
  /// A comma in a value ends it unless it is doubled (QEMU's "Options for device properties").
  static func escape(_ value: String) -> String {
    value.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ",,")
  }

  static func arguments(_ spec: MachineSpec, in folder: MachineFolder) -> [String] {
    ["qemu-system-x86_64", "-name", spec.name] + board(spec) + network(spec) + drives(spec.drives)
      + boot(spec) + shares(spec) + kernel(spec)
      + channels(folder) + events(folder) + [
        "-vnc", spec.vnc.map { "127.0.0.1:\($0)" } ?? "127.0.0.1:0,to=99", "-daemonize", "-pidfile", folder.processID,
      ]
      + spec.extra
  }

  static func board(_ spec: MachineSpec) -> [String] {
    [
      "-machine", spec.board, "-accel", spec.accelerator.rawValue, "-cpu", spec.cpu, "-m", "\(spec.memory)", "-smp",
      "\(spec.cpus)",
      // Entropy for the guest.
      "-device", "virtio-rng-pci",
    ] + (spec.reboots ? [] : ["-no-reboot"])
  }

  static func shares(_ spec: MachineSpec) -> [String] {
    spec.shares.enumerated().flatMap { index, share in
      let id = index == 0 ? "shared_folder" : "shared_folder\(index)"
      return [
        "-fsdev", "local,id=\(id),path=\(escape(share.path)),security_model=none",
        "-device", "virtio-9p-pci,fsdev=\(id),mount_tag=\(escape(share.tag))",
      ]
    }
  }

  static func boot(_ spec: MachineSpec) -> [String] {
    (spec.cdrom.map { ["-cdrom", $0] } ?? []) + (spec.boot.map { ["-boot", "order=\($0)"] } ?? [])
  }

  static func kernel(_ spec: MachineSpec) -> [String] {
    guard let kernel = spec.kernel else { return [] }
    var words = ["console=tty0", "console=ttyS0", "panic=-1", "quiet", "kdev.host=\(spec.name)"]
    if let address = spec.address { words.append("kdev.ip=\(address)") }
    return ["-kernel", kernel] + (spec.initrd.map { ["-initrd", $0] } ?? [])
      + ["-append", (words + spec.append).joined(separator: " ")]
  }

  /// QMP, the serial console with a log of all it says, and the guest channel: a virtio port, and a serial line for kernels
  /// without virtio.
  static func channels(_ folder: MachineFolder) -> [String] {
    func socket(_ id: String, _ path: String, _ more: String = "") -> String {
      "socket,id=\(id),path=\(escape(path)),server=on,wait=off\(more)"
    }
    return [
      "-qmp", "unix:\(escape(folder.qmp)),server=on,wait=off",
      "-chardev", socket("console", folder.console, ",logfile=\(escape(folder.consoleLog))"), "-serial",
      "chardev:console",
      "-chardev", socket("serial", folder.serialAgent), "-serial", "chardev:serial",
      "-device", "virtio-serial-pci",
      "-chardev", socket("agent", folder.agent), "-device", "virtserialport,chardev=agent,name=kdevlua.agent.0",
    ]
  }
}

/// The 32-bit FNV-1a hash (draft-eastlake-fnv).
func fnv1a(_ text: String) -> UInt32 {
  text.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
}
