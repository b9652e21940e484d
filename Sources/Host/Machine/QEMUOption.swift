/// The QEMU line of a machine, from small pure functions (QEMU's man page, qemu-system-x86_64(1)), in the order of the
/// workflow's document.
enum QEMUOption {
  /// A comma in a value ends it unless it is doubled (QEMU's "Options for device properties").
  static func escape(_ value: String) -> String {
    value.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ",,")
  }

  /// - Parameter kernel: the file to boot instead of the spec's: what is inside of that, uncompressed.
  static func arguments(_ spec: MachineSpec, in folder: MachineFolder, kernel: String? = nil) -> [String] {
    ["qemu-system-x86_64", "-name", spec.name] + board(spec) + network(spec, in: folder)
      + drives(spec.drives, saved: spec.memoryFile != nil)
      + boot(spec) + shares(spec, folder) + Self.kernel(spec, file: kernel ?? spec.kernel)
      + channels(folder) + qemuAgent(spec, folder) + events(folder) + devices(spec, folder) + display(spec, folder)
      + ["-daemonize", "-pidfile", folder.processID]
      + spec.extra
  }

  static func board(_ spec: MachineSpec) -> [String] {
    memory(spec) + [
      "-machine", spec.board + (hasBackend(spec) ? ",memory-backend=ram" : ""), "-accel",
      spec.accelerator.rawValue, "-cpu", spec.cpu, "-m", "\(spec.memory)", "-smp",
      "\(spec.cpus)",
    ] + (spec.devices.rng ? ["-device", "virtio-rng-pci"] : []) + (spec.reboots ? [] : ["-no-reboot"])
      + (spec.profile == .fast ? ["-nodefaults", "-vga", "none"] : [])
  }

  /// The guest's memory in a file: shared with it while a template is made, and then the file is what a clone sees as long as
  /// it has not written there itself. So the stream of the saved state need not hold the memory (x-ignore-shared).
  /// A virtiofsd gets it from QEMU, too (docs/system/devices/vhost-user.rst of QEMU: it needs shared memory).
  static func memory(_ spec: MachineSpec) -> [String] {
    guard let memory = spec.memoryFile else {
      return hasBackend(spec) ? ["-object", "memory-backend-memfd,id=ram,size=\(spec.memory)M,share=on"] : []
    }
    let isClone = memory.state != nil
    let backend = "id=ram,size=\(spec.memory)M,mem-path=\(escape(memory.path)),share=\(isClone ? "off" : "on")"
    // Which state comes is said by QMP, as it has to be told before that its stream has no memory.
    return ["-object", "memory-backend-file,\(backend)"] + (isClone ? ["-incoming", "defer"] : [])
  }

  /// NUMA nodes have a backend each.
  private static func hasBackend(_ spec: MachineSpec) -> Bool {
    spec.memoryFile != nil || (spec.sharesMemory && spec.devices.nodes.isEmpty)
  }

  static func boot(_ spec: MachineSpec) -> [String] {
    (spec.cdrom.map { ["-cdrom", $0] } ?? []) + (spec.boot.map { ["-boot", "order=\($0)"] } ?? [])
  }

  static func kernel(_ spec: MachineSpec, file: String?) -> [String] {
    guard let file else { return [] }
    var words = spec.profile == .fast ? fastWords(spec) : ["console=tty0", "console=ttyS0", "panic=-1", "quiet"]
    words.append("kdev.host=\(spec.name)")
    if let address = spec.address { words.append("kdev.ip=\(address)") }
    return ["-kernel", file] + (spec.initrd.map { ["-initrd", $0] } ?? [])
      + ["-append", (words + spec.append).joined(separator: " ")]
  }

  /// What spares the guest work (Linux's Documentation/admin-guide/kernel-parameters.txt): mitigations and a random place of
  /// the kernel, waits for the timer and the keyboard's controller, tests of the ciphers, and a search for arrays.
  private static func fastWords(_ spec: MachineSpec) -> [String] {
    [
      "console=ttyS0", "panic=-1", "quiet", "mitigations=off", "nokaslr", "random.trust_cpu=on", "cryptomgr.notests",
      "tsc=reliable", "no_timer_check", "raid=noautodetect", "i8042.noaux", "i8042.nokbd", "reboot=t",
    ]
      // Under emulation the kernel takes a tenth of a second for each virtio device to find its interrupt through ACPI. Without
      // ACPI it moves pvpanic's registers to 0xfec00400, onto the page of the interrupt controller, and reads 0 there.
      + (spec.accelerator == .tcg && !spec.devices.pvpanic ? ["pci=noacpi"] : [])
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
      + folder.lanes.enumerated().flatMap { number, path in
        [
          "-chardev", socket("lane\(number)", path), "-device",
          "virtserialport,chardev=lane\(number),name=kdevlua.lane.\(number)",
        ]
      }
  }
}

extension LocalHost {
  /// The line that a launch would start QEMU with.
  public func commandLine(of spec: MachineSpec) -> [String] {
    QEMUOption.arguments(spec, in: folder(ofMachine: spec.name)) + runAs
  }
}

/// The 32-bit FNV-1a hash (draft-eastlake-fnv).
func fnv1a(_ text: String) -> UInt32 {
  text.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
}

/// The 64-bit FNV-1a hash.
func fnv1a64(_ bytes: some Sequence<UInt8>) -> UInt64 {
  bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
