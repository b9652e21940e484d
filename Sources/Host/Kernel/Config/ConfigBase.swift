extension Machine {
  /// The configuration of the kernel that runs in the guest: `/proc/config.gz`, or `/boot/config-$(uname -r)` there; else the
  /// file that lies beside the kernel on the host.
  /// - Throws: `missing` when there is none of them.
  public func kernelConfig() async throws(HostError) -> [UInt8] {
    let script = #"zcat /proc/config.gz 2>/dev/null || cat "/boot/config-$(uname -r)""#
    let result = try await execute(["sh", "-c", script].map { Array($0.utf8) }, timeLimit: .seconds(60))
    if result.status == 0, !result.output.isEmpty { return result.output }
    if let path = record.spec.kernel, let kernel = try? KernelImage(path: path), let config = kernel.config {
      return try Files.read(config)
    }
    throw HostError(
      .missing, "the guest \(name) does not have its kernel's configuration: no /proc/config.gz, no /boot/config-*",
      hint: "give another base, or a kernel with CONFIG_IKCONFIG_PROC",
      detail: String(decoding: result.error, as: UTF8.self))
  }

  /// The modules that are loaded in the guest, as /proc/modules lists them.
  public func loadedModules() async throws(HostError) -> [UInt8] {
    let result = try await execute(["cat", "/proc/modules"].map { Array($0.utf8) }, timeLimit: .seconds(60))
    guard result.status == 0 else {
      throw HostError(.missing, "the guest \(name) has no /proc/modules: its kernel has no modules")
    }
    return result.output
  }
}

extension KernelImage {
  /// The configuration that lies beside an installed kernel, or in its build tree.
  public var config: String? {
    let folder = Files.folder(of: path)
    return [folder + "/config-" + release, buildTree.map { $0 + "/.config" }].compactMap(\.self).first(
      where: Files.exists)
  }
}
