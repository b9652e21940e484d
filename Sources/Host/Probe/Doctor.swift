import FoundationEssentials

/// A line of `kdevlua doctor`.
public struct Finding: Sendable, Equatable, Encodable {
  public enum Grade: String, Sendable, Encodable {
    /// As it should be.
    case ok
    /// Things work without it, slower or with less.
    case limited
    /// The set-up fails without it.
    case broken
  }
  public let subject: String
  public let grade: Grade
  public let text: String
  /// The command that mends it.
  public let hint: String?
}

extension [Finding] {
  /// One line of JSON: an array of objects with `subject`, `grade`, `text` and, where there is one, `hint`.
  public var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
  }
}

extension LocalHost {
  /// Looks at everything that the set-up needs, and changes nothing.
  public func examine() async throws(HostError) -> [Finding] {
    var findings: [Finding] = []
    let programs: [(name: String, option: String)] = [
      ("qemu-system-x86_64", "--version"), ("qemu-img", "--version"), ("ip", "-V"), ("busybox", "--help"),
      ("cpio", "--version"),
      ("modprobe", "--version"), ("depmod", "--version"),
    ]
    for program in programs {
      guard executables.find(program.name) != nil else {
        let package = Executables.packages[program.name] ?? program.name
        findings.append(
          Finding(subject: program.name, grade: .broken, text: "not installed", hint: "sudo apt-get install \(package)")
        )
        continue
      }
      if program.name == "busybox", let path = executables.find("busybox"), try !ELF.isStatic(path) {
        findings.append(
          Finding(
            subject: program.name, grade: .broken, text: "needs shared libraries, which the guest does not have",
            hint: "sudo apt-get install busybox-static"))
        continue
      }
      let result = try await run(.query(program.name, program.option), timeLimit: .seconds(10))
      let line = (result.outputText + result.errorText).split(separator: "\n").first.map(String.init) ?? "installed"
      findings.append(Finding(subject: program.name, grade: .ok, text: line, hint: nil))
    }
    findings.append(finding("kvm", try knownKVM(), otherwise: "guests run under emulation"))
    findings.append(finding("tap", try await probeTap(), otherwise: "guests get user networking"))
    findings.append(finding("vhost", probeVhost(), otherwise: "packets go through QEMU"))
    findings.append(try await examineKernels())
    findings += examineKernelOptions()
    for leftover in try await leftovers() {
      findings.append(
        Finding(
          subject: "leftover", grade: .limited, text: "\(leftover.title), \(leftover.reason)", hint: "kdevlua gc"))
    }
    return findings
  }

  private func finding(_ subject: String, _ capability: Capability, otherwise: String) -> Finding {
    Finding(
      subject: subject, grade: capability.works ? .ok : .limited,
      text: capability.works ? capability.reason : "\(capability.reason): \(otherwise)", hint: capability.hint)
  }

  /// What the running kernel must have been built with, for taps and bridges to be made. Where it does not tell, nothing is
  /// said.
  private func examineKernelOptions() -> [Finding] {
    guard let release = try? Files.text("/proc/sys/kernel/osrelease").prefix(while: { $0 != "\n" }),
      let text = try? Files.text("/boot/config-\(release)")
    else { return [] }
    let lines = Set(text.split(separator: "\n"))
    return ["CONFIG_TUN", "CONFIG_BRIDGE"].map { option in
      let has = lines.contains("\(option)=y") || lines.contains("\(option)=m")
      return Finding(
        subject: option, grade: has ? .ok : .limited,
        text: has ? "in /boot/config-\(release)" : "not in this kernel: guests get user networking",
        hint: has ? nil : "boot a kernel with \(option)")
    }
  }

  private func examineKernels() async throws(HostError) -> Finding {
    if let kernel = installedKernel(drivers: ["9pnet_virtio"]) {
      return Finding(subject: "kernel", grade: .ok, text: "\(kernel.release), \(kernel.path)", hint: nil)
    }
    let known = try await run(.query("apt-cache", "show", "--no-all-versions", "linux-image-amd64")).succeeded
    return known
      ? Finding(
        subject: "kernel", grade: .ok, text: "none yet; Debian's is fetched into the cache by the first set-up",
        hint: nil)
      : Finding(
        subject: "kernel", grade: .broken, text: "none with 9p, and apt knows no linux-image-amd64",
        hint: "sudo apt-get update")
  }
}
