import FoundationEssentials
import Glibc

extension LocalHost {
  /// Whether guests really run under KVM. That /dev/kvm opens says little: on some nested hosts the guest then never
  /// prints a line. So a guest is started and has to reach its init within a few seconds. The answer is kept in the cache
  /// for this boot of the host and this kernel.
  /// - Parameters:
  ///   - kernel: the kernel to boot.
  ///   - initrd: the default guest's, whose init ends at once when it finds `kdev.probe` on its command line.
  ///   - anew: whatever was found before.
  public func probeKVM(
    kernel: KernelImage, initrd: String, anew: Bool = false
  ) async throws(HostError) -> Capability {
    if let no = kvmDevice() { return no }
    let key = try Journal.bootID() + " " + kernel.release
    if !anew, let kept = keptProbe(), kept.key == key { return kept.capability }
    let answer = try await probe(.kvm, kernel: kernel, initrd: initrd)
    let kept = Kept(key: key, works: answer.works, reason: answer.reason, hint: answer.hint)
    if let bytes = try? JSONEncoder().encode(kept), !isDryRun {
      try Files.makeFolder(state.cache)
      try Files.write([UInt8](bytes), to: probeFile)
    }
    return answer
  }

  /// Why /dev/kvm is out of the question, or nil.
  public func kvmDevice() -> Capability? {
    if !Files.exists("/dev/kvm") {
      return .no(
        "there is no /dev/kvm",
        hint: Processor.virtualization.map { "sudo modprobe \($0.module)" }
          ?? "switch virtualization on in the firmware; in a virtual machine, nested virtualization in its host")
    }
    if access("/dev/kvm", R_OK | W_OK) != 0 {
      return .no("you may not open /dev/kvm", hint: "sudo usermod -aG kvm \"$USER\", then log in again")
    }
    return nil
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
    var hint: String?
    var capability: Capability { Capability(works: works, reason: reason, hint: hint) }
  }

  /// Starts a guest that ends as soon as it has reached its init.
  private func probe(
    _ accelerator: MachineSpec.Accelerator, kernel: KernelImage, initrd: String
  ) async throws(HostError) -> Capability {
    guard Files.exists(kernel.path), Files.exists(initrd) else { return .no("not tried in a dry run") }
    return try await step("does a guest start under \(accelerator.rawValue)") { step async throws(HostError) in
      let start = ContinuousClock.now
      let answer = try await bootBriefly(under: accelerator, kernel, initrd)
      step.detail(answer.works ? "yes, in \((ContinuousClock.now - start).text)" : "no: \(answer.reason)")
      return answer
    }
  }

  private func bootBriefly(
    under accelerator: MachineSpec.Accelerator, _ kernel: KernelImage, _ initrd: String
  ) async throws(HostError) -> Capability {
    var spec = MachineSpec(name: "probe", kernel: kernel.path)
    (spec.profile, spec.accelerator, spec.cpu) = (.fast, accelerator, accelerator == .kvm ? "host" : "max")
    (spec.memory, spec.initrd, spec.append) = (256, initrd, ["kdev.probe"])
    let image = try await uncompressedKernel(of: kernel.path) ?? kernel.path
    let command = Command.query(
      ["qemu-system-x86_64"] + QEMUOption.board(spec) + QEMUOption.kernel(spec, file: image) + [
        "-nic", "none", "-display", "none", "-serial", "stdio",
      ])
    let limit = Duration.seconds(accelerator == .kvm ? 8 : 90)
    do throws(HostError) {
      let result = try await run(command, timeLimit: limit)
      if result.outputText.contains("kdevlua: guest ready") { return .yes("a guest booted under it") }
      let said =
        result.errorText.split(separator: "\n").first.map(String.init) ?? "QEMU ended with status \(result.status)"
      return .no("a guest does not start under it: \(said)", hint: Self.kernelLog(of: accelerator))
    } catch {
      guard error.code == .timeout else { throw error }
      return .no("a guest started under it printed nothing within \(limit.text)", hint: Self.kernelLog(of: accelerator))
    }
  }

  /// What may say why a guest does not start.
  private static func kernelLog(of accelerator: MachineSpec.Accelerator) -> String? {
    accelerator == .kvm ? "sudo dmesg | grep -i kvm" : nil
  }

  /// Starts a guest under each accelerator.
  /// - Parameter scripts: of the default guest.
  func examineAccelerators(_ scripts: GuestScripts) async throws(HostError) -> [Finding] {
    let none = "no guest starts"
    let emulated = "guests run under emulation"
    do throws(HostError) {
      _ = try executables.require("qemu-system-x86_64")
      guard let kernel = installedKernel(drivers: ["9pnet_virtio"]) else {
        let untried = Capability.no("not tried, for want of a kernel", hint: "kdevlua eval 'kdev.kernel.find()'")
        return [
          Finding("kvm", kvmDevice() ?? untried, otherwise: emulated),
          Finding("tcg", untried, otherwise: "whether a guest starts is not known"),
        ]
      }
      let initrd = try await initramfs(for: kernel, scripts: scripts)
      let kvm = try await probeKVM(kernel: kernel, initrd: initrd, anew: true)
      let tcg = try await probe(.tcg, kernel: kernel, initrd: initrd)
      return [
        Finding("kvm", kvm, otherwise: emulated),
        Finding(
          "tcg", tcg, otherwise: kvm.works ? "guests run under kvm alone" : none, else: kvm.works ? .limited : .broken),
      ]
    } catch {
      if error.code == .cancelled { throw error }
      return [
        Finding("accelerators", .no("not tried: \(error.message)", hint: error.hint), otherwise: none, else: .broken)
      ]
    }
  }
}
