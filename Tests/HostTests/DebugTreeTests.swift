import Testing

@testable import Host

@Suite struct DebugTreeTests {
  /// A folder as a build leaves it.
  private func output(_ fixture: Fixture) throws -> String {
    let output = fixture.root + "/b"
    for file in ["vmlinux", "arch/x86/boot/bzImage", "include/config/kernel.release"] {
      try Files.makeFolder(Files.folder(of: output + "/" + file))
      try Files.write(Array("6.1.0-mine\n".utf8), to: output + "/" + file)
    }
    return output
  }

  @Test func aKernelThatWasBuiltAnewSinceItsBootIsTold() throws {
    let fixture = try Fixture()
    let output = try output(fixture)
    let image = output + "/arch/x86/boot/bzImage"
    let record = MachineRecord(spec: MachineSpec(name: "a", kernel: image), kernelFile: FileIdentity(image))
    #expect(record.debugTree == DebugTree(vmlinux: output + "/vmlinux", output: output, newer: nil))
    try Files.write(Array("another one".utf8), to: image)
    #expect(record.debugTree?.newer == image)
  }

  @Test func aKernelThatWasInstalledIsFoundWhileTheGuestRunsIt() throws {
    let fixture = try Fixture()
    let output = try output(fixture)
    var record = MachineRecord(spec: MachineSpec(name: "a", kernel: nil), release: "6.1.0-mine")
    #expect(record.debugTree == nil)
    record.installed = InstalledKernel(
      output: output, release: "6.1.0-mine", vmlinux: FileIdentity(output + "/vmlinux"))
    #expect(record.debugTree == DebugTree(vmlinux: output + "/vmlinux", output: output, newer: nil))
    try Files.write(Array("another one".utf8), to: output + "/vmlinux")
    #expect(record.debugTree?.newer == output + "/vmlinux")
    record.release = "6.1.0-57-amd64"
    #expect(record.debugTree == nil)
  }

  @Test func gdbSaysThatItsSymbolsAreOfAnotherKernel() async throws {
    let fixture = try Fixture()
    let bin = fixture.root + "/bin"
    try Files.makeFolder(bin)
    try Files.write([], to: bin + "/gdb", mode: 0o755)
    let host = try fixture.host(dryRun: true, path: bin + ":/usr/bin:/bin")
    let output = try output(fixture)
    let image = output + "/arch/x86/boot/bzImage"
    let record = MachineRecord(spec: MachineSpec(name: "a", kernel: image), kernelFile: FileIdentity(image))
    _ = try await host.debugger(record, DebuggerOptions(commands: ["bt"]))
    #expect(fixture.observer.notes.isEmpty)
    try Files.write(Array("another one".utf8), to: image)
    _ = try await host.debugger(record, DebuggerOptions(commands: ["bt"]))
    #expect(fixture.observer.notes.first?.contains("was built anew since a has booted it") == true)
  }
}
