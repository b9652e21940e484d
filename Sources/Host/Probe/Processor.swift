/// The host's processor.
enum Processor {
  /// Whose extension for virtual machines it has, which is another module of KVM.
  enum Virtualization: String, Sendable {
    case intel, amd
    var module: String { "kvm_\(rawValue)" }
  }

  /// Nil when it has none, as in a virtual machine whose host passes none on.
  static var virtualization: Virtualization? { virtualization(in: (try? Files.text("/proc/cpuinfo")) ?? "") }

  /// - Parameter cpuinfo: /proc/cpuinfo (proc(5)).
  static func virtualization(in cpuinfo: String) -> Virtualization? {
    let flags = cpuinfo.split(separator: "\n").first { $0.hasPrefix("flags") }?.split(separator: " ") ?? []
    return flags.contains("vmx") ? .intel : flags.contains("svm") ? .amd : nil
  }
}
