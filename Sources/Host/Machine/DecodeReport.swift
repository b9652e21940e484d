extension MachineRecord {
  /// The tree that the machine's kernel was built in, as far as debugging needs it.
  var debugTree: (vmlinux: String, output: String)? {
    guard let kernel = spec.kernel else { return nil }
    // OUTPUT/arch/ARCH/boot/bzImage, or OUTPUT/vmlinux.
    var folder = Files.folder(of: kernel)
    if folder.hasSuffix("/boot") { for _ in 0..<3 { folder = Files.folder(of: folder) } }
    let vmlinux = folder + "/vmlinux"
    return Files.exists(vmlinux) ? (vmlinux, folder) : nil
  }
}

extension Machine {
  /// The report with files and lines, by `scripts/decode_stacktrace.sh` of the tree that the kernel was built in; as it is when
  /// there is no such tree, or the script fails.
  func decoded(_ report: KernelReport) async -> KernelReport {
    guard report.decoded == nil, let tree = record.debugTree else { return report }
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

extension String {
  fileprivate var trimmedEnd: String { String(reversed().drop { $0 == "\n" }.reversed()) }
}
