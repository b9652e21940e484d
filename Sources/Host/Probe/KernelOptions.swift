/// What the host's kernel is built with, as far as guests depend on it.
struct HostKernelOption: Sendable {
  let name: String
  /// What cannot be done without it.
  let without: String

  /// - Parameter virtualization: the processor's, for the module that KVM has for it.
  static func needed(_ virtualization: Processor.Virtualization?) -> [HostKernelOption] {
    [
      HostKernelOption(name: "TUN", without: "guests get user networking"),
      HostKernelOption(name: "BRIDGE", without: "guests get user networking"),
      HostKernelOption(name: "NET_NS", without: "no networks in a namespace"),
      HostKernelOption(name: "NF_TABLES", without: "guests of a bridge do not get out"),
      HostKernelOption(name: "NFT_MASQ", without: "guests of a bridge do not get out"),
      HostKernelOption(name: "VHOST_NET", without: "packets go through QEMU"),
    ]
      + (virtualization.map {
        [HostKernelOption(name: $0 == .intel ? "KVM_INTEL" : "KVM_AMD", without: "guests run under emulation")]
      } ?? [])
  }
}

extension LocalHost {
  /// The options of the running kernel that guests need.
  func examineKernelOptions() async throws(HostError) -> [Finding] {
    guard let (config, source) = try await runningKernelConfig() else {
      return [Finding("kernel options", .ok, "not known: the kernel does not tell them, and /boot has no file of them")]
    }
    return Self.judge(config, from: source, Processor.virtualization)
  }

  static func judge(
    _ config: KernelConfig, from source: String, _ virtualization: Processor.Virtualization?
  ) -> [Finding] {
    HostKernelOption.needed(virtualization).map { option in
      switch config.value(option.name) {
      case "y": Finding("CONFIG_\(option.name)", .ok, "built in (\(source))")
      case "m": Finding("CONFIG_\(option.name)", .ok, "a module (\(source))")
      default:
        Finding(
          "CONFIG_\(option.name)", .limited, "not in this kernel (\(source)): \(option.without)",
          hint: "sudo apt-get install linux-image-amd64, and start that kernel")
      }
    }
  }

  /// The running kernel's configuration: what it tells itself (CONFIG_IKCONFIG_PROC), else what its package has put into /boot.
  private func runningKernelConfig() async throws(HostError) -> (KernelConfig, source: String)? {
    let own = "/proc/config.gz"
    if Files.exists(own), executables.find("gzip") != nil {
      let unpacked = try await run(.query("gzip", "-dc", own), timeLimit: .seconds(10))
      if unpacked.succeeded { return (KernelConfig(unpacked.output), own) }
    }
    guard let release = try? Files.text("/proc/sys/kernel/osrelease").prefix(while: { $0 != "\n" }) else { return nil }
    let kept = "/boot/config-\(release)"
    guard let config = try? KernelConfig(path: kept) else { return nil }
    return (config, kept)
  }
}
