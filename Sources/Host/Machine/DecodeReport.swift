/// Where the kernel of a machine was built, as far as debugging needs it.
struct DebugTree: Sendable, Equatable {
  let vmlinux: String
  let output: String
  /// What was built anew since the machine has booted it; nil when the machine runs what is there.
  let newer: String?
}

extension MachineRecord {
  /// The tree that the machine's kernel was built in; nil when none is known.
  var debugTree: DebugTree? {
    if let kernel = spec.kernel {
      // OUTPUT/arch/ARCH/boot/bzImage, or OUTPUT/vmlinux.
      var folder = Files.folder(of: kernel)
      if folder.hasSuffix("/boot") { for _ in 0..<3 { folder = Files.folder(of: folder) } }
      let vmlinux = folder + "/vmlinux"
      guard Files.exists(vmlinux) else { return nil }
      let isSame = kernelFile == nil || kernelFile == FileIdentity(kernel)
      return DebugTree(vmlinux: vmlinux, output: folder, newer: isSame ? nil : kernel)
    }
    guard let installed, installed.release == release else { return nil }
    let vmlinux = installed.output + "/vmlinux"
    guard Files.exists(vmlinux) else { return nil }
    let isSame = installed.vmlinux == FileIdentity(vmlinux)
    return DebugTree(vmlinux: vmlinux, output: installed.output, newer: isSame ? nil : vmlinux)
  }
}

extension Machine {
  /// The report with files and lines, by `scripts/decode_stacktrace.sh` of the tree that the kernel was built in; as it is when
  /// there is no such tree, it has another kernel by now, or the script fails.
  func decoded(_ report: KernelReport) async -> KernelReport {
    let record = (try? host.machine(name)?.record) ?? self.record
    guard report.decoded == nil, let tree = record.debugTree else { return report }
    if let newer = tree.newer {
      host.note("the kernel's report is not decoded: \(newer) was built anew since \(name) has booted it")
      return report
    }
    let places = ["\(tree.output)/source/scripts", "\(tree.output)/scripts"]
    guard let script = places.map({ $0 + "/decode_stacktrace.sh" }).first(where: Files.exists) else { return report }
    // As its own usage says: vmlinux, the path to take off the names of files, and where modules are.
    var command = Command.query("bash", script, tree.vmlinux, "auto", tree.output)
    command.input = Array((report.text + "\n").utf8)
    command.workingDirectory = tree.output
    guard let result = try? await host.run(command, timeLimit: .seconds(60)), result.succeeded else {
      host.note("the kernel's report could not be decoded by \(script)")
      return report
    }
    var copy = report
    copy.decoded = result.outputText.trimmedEnd
    return copy
  }
}

extension Machine {
  /// Remembers where the kernel was built that is installed on the guest's disk: gdb and the decoding of reports look there when
  /// the guest runs it.
  /// - Throws: `missing` when no kernel has been built there.
  public func noteBuild(_ output: String) throws(HostError) {
    let output = Files.resolve(output) ?? Files.absolute(output)
    if host.isDryRun { return }
    let text = try Files.text(output + "/include/config/kernel.release")
    guard let release = text.split(separator: "\n").first else {
      throw HostError(.missing, "no kernel has been built in \(output)")
    }
    let installed = InstalledKernel(
      output: output, release: String(release), vmlinux: FileIdentity(output + "/vmlinux"))
    try host.update(name) { $0.installed = installed }
  }
}

extension String {
  fileprivate var trimmedEnd: String { String(reversed().drop { $0 == "\n" }.reversed()) }
}
