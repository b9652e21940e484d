import FoundationEssentials
import Glibc

extension LocalHost {
  /// Whether guests really run under KVM. That /dev/kvm opens says little: on some nested hosts the guest then never
  /// prints a line. So a guest is started and has to reach its init within a few seconds. The answer is kept in the cache
  /// for this boot of the host and this kernel.
  /// - Parameters:
  ///   - kernel: the kernel to boot.
  ///   - initrd: the default guest's, whose init ends at once when it finds `kdev.probe` on its command line.
  public func probeKVM(kernel: KernelImage, initrd: String) async throws(HostError) -> Capability {
    if let no = kvmDevice() { return no }
    let key = try Journal.bootID() + " " + kernel.release
    if let kept = keptProbe(), kept.key == key { return kept.capability }
    guard Files.exists(kernel.path), Files.exists(initrd) else { return .no("not tried in a dry run") }
    return try await step("does KVM work") { step async throws(HostError) in
      let answer = try await bootUnderKVM(kernel, initrd)
      step.detail(answer.works ? "yes" : "no: \(answer.reason)")
      if let bytes = try? JSONEncoder().encode(Kept(key: key, works: answer.works, reason: answer.reason)), !isDryRun {
        try Files.makeFolder(state.cache)
        try Files.write([UInt8](bytes), to: probeFile)
      }
      return answer
    }
  }

  /// Why /dev/kvm is out of the question, or nil.
  public func kvmDevice() -> Capability? {
    if !Files.exists("/dev/kvm") {
      return .no(
        "there is no /dev/kvm",
        hint: "sudo modprobe kvm_intel (or kvm_amd); in a virtual machine, switch nested virtualization on in its host")
    }
    if access("/dev/kvm", R_OK | W_OK) != 0 {
      return .no("you may not open /dev/kvm", hint: "sudo usermod -aG kvm \"$USER\", then log in again")
    }
    return nil
  }

  /// What is known of KVM without starting a guest: the device, and the answer of an earlier probe of this boot.
  func knownKVM() throws(HostError) -> Capability {
    if let no = kvmDevice() { return no }
    if let kept = keptProbe(), kept.key.hasPrefix(try Journal.bootID()) { return kept.capability }
    return .yes("/dev/kvm opens; the first set-up finds out whether a guest runs under it")
  }

  private var probeFile: String { state.cache + "/kvm-probe.json" }

  private func keptProbe() -> Kept? {
    guard let bytes = try? Files.read(probeFile) else { return nil }
    return try? JSONDecoder().decode(Kept.self, from: Data(bytes))
  }

  private struct Kept: Codable {
    /// The boot of the host and the kernel that was tried.
    let key: String
    let works: Bool
    let reason: String
    var capability: Capability { works ? .yes(reason) : .no(reason) }
  }

  private func bootUnderKVM(_ kernel: KernelImage, _ initrd: String) async throws(HostError) -> Capability {
    let command = Command.query(
      "qemu-system-x86_64", "-machine", "pc", "-accel", "kvm", "-cpu", "host", "-m", "256", "-nodefaults", "-display",
      "none",
      "-no-reboot", "-serial", "stdio", "-kernel", kernel.path, "-initrd", initrd, "-append",
      "console=ttyS0 panic=-1 kdev.probe")
    let limit = Duration.seconds(8)
    do throws(HostError) {
      let result = try await run(command, timeLimit: limit)
      if result.outputText.contains("kdevlua: guest ready") { return .yes("a guest booted under it") }
      let said =
        result.errorText.split(separator: "\n").first.map(String.init) ?? "QEMU ended with status \(result.status)"
      return .no("a guest does not start under it: \(said)")
    } catch {
      guard error.code == .timeout else { throw error }
      return .no("a guest started under it printed nothing within \(limit.text)")
    }
  }
}
