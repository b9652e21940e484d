import Testing

@testable import Host

/// A real QEMU, kernel and guest.
@Suite(.serialized) struct MachineTests {
  static func spec(_ host: LocalHost, name: String) async throws -> MachineSpec {
    let kernel = try await host.kernel(nil, drivers: ["9pnet_virtio"])
    var spec = MachineSpec(name: name, kernel: kernel.path)
    spec.initrd = try await host.initramfs(for: kernel, scripts: try guestScripts())
    spec.network = .user(sshPort: try freeLoopbackPort())
    spec.memory = 512
    return spec
  }

  func bytes(_ words: String...) -> [[UInt8]] { words.map { Array($0.utf8) } }

  @Test func aGuestRunsCommandsWithArgumentsAndOutputUnharmed() async throws {
    let fixture = try Fixture()
    let host = try fixture.host()
    try Files.makeFolder(fixture.root + "/share")
    var spec = try await Self.spec(host, name: "exec")
    spec.shares = [.init(tag: "hostshare", path: fixture.root + "/share")]
    let transaction = try await host.begin("exec")
    let machine = try await host.launch(spec, timeLimit: .seconds(120), in: transaction)
    try transaction.commit()

    // Status, output and error apart.
    let result = try await machine.execute(bytes("sh", "-c", "echo out; echo err >&2; exit 7"))
    #expect(result == GuestResult(status: 7, output: Array("out\n".utf8), error: Array("err\n".utf8)))
    // Any bytes as arguments, each one.
    let odd: [UInt8] = Array(1...255)
    #expect(try await machine.execute([Array("printf".utf8), Array("%s".utf8), odd]).output == odd)
    #expect(
      try await machine.execute(bytes("printf", "[%s]", "a b", "", "it's", "$HOME;x\n")).output
        == Array("[a b][][it's][$HOME;x\n]".utf8))
    // All bytes, and many, through the standard input and back.
    let large = [UInt8]((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
    #expect(try await machine.execute(bytes("cat"), input: .bytes(large)).output == large)
    // Folder and environment.
    let there = try await machine.execute(
      bytes("sh", "-c", "echo $PWD $ODD"), directory: Array("/tmp".utf8), environment: [("ODD", Array("a b".utf8))])
    #expect(there.output == Array("/tmp a b\n".utf8))
    // Side by side.
    async let one = machine.execute(bytes("sh", "-c", "sleep 1; echo one"))
    async let two = machine.execute(bytes("echo", "two"))
    #expect(try await (one.output, two.output) == (Array("one\n".utf8), Array("two\n".utf8)))
    // A program that takes too long is killed, and the channel goes on.
    await #expect { try await machine.execute(self.bytes("sleep", "77"), timeLimit: .milliseconds(300)) } throws: {
      ($0 as? HostError)?.code == .timeout
    }
    try await Task.sleep(for: .milliseconds(300))
    let left = try await machine.execute(bytes("sh", "-c", "grep -al '[s]leep.77' /proc/[0-9]*/cmdline"))
    #expect(left.output == [])

    // The share, both ways.
    try await machine.mount("hostshare", at: "/mnt/host")
    try Files.write(Array("from the host".utf8), to: fixture.root + "/share/a")
    #expect(try await machine.execute(bytes("cat", "/mnt/host/a")).output == Array("from the host".utf8))
    _ = try await machine.execute(bytes("sh", "-c", "printf 'from the guest' > /mnt/host/b"))
    #expect(try Files.text(fixture.root + "/share/b") == "from the guest")

    // Another kdevlua takes it over, with a channel of its own.
    machine.disconnect()
    let second = try fixture.host()
    let again = try await second.launch(spec, timeLimit: .seconds(20), in: try await second.begin("other"))
    #expect(
      String(decoding: try await again.execute(bytes("uname", "-r")).output, as: UTF8.self)
        == "\(again.record.release ?? "?")\n")
    var other = spec
    other.memory = 768
    await #expect { try await second.launch(other, timeLimit: .seconds(1), in: .none(second)) } throws: {
      let error = $0 as? HostError
      return error?.code == .conflict && error?.message.contains("memory (MiB) is 512, wanted is 768") == true
    }
    again.disconnect()

    let undone = try await second.takeDown("exec", disks: false).undone
    #expect(undone.map(\.title) == ["machine exec"])
    #expect(host.qemu(in: machine.folder.path) == nil)
    #expect(!Files.exists(machine.folder.path))
    #expect(try host.journal.entries().isEmpty)
  }

  @Test func aKernelThatPanicsIsAnErrorWithItsConsoleAndLeavesNothing() async throws {
    let fixture = try Fixture()
    let host = try fixture.host()
    var spec = try await Self.spec(host, name: "panic")
    spec.initrd = nil
    await #expect { try await host.launch(spec, timeLimit: .seconds(120), in: try await host.begin("panic")) } throws: {
      guard let error = $0 as? HostError else { return false }
      return error.code == .kernelOops && error.message.contains("VFS: Unable to mount root fs")
        && error.detail?.contains("Kernel panic") == true
    }
    #expect(host.qemu(in: host.folder(ofMachine: "panic").path) == nil)
    #expect(try host.journal.entries().isEmpty)
    #expect(try Files.list(host.state.machines).isEmpty)
  }

  @Test func aGuestThatNeverAnswersEndsAtTheTimeLimit() async throws {
    let fixture = try Fixture()
    let host = try fixture.host()
    let spec = try await Self.spec(host, name: "silent")
    await #expect {
      try await host.launch(spec, timeLimit: .milliseconds(900), in: try await host.begin("silent"))
    } throws: {
      guard let error = $0 as? HostError else { return false }
      return error.code == .timeout && error.message == "the guest did not answer within 0.9 s"
    }
    #expect(host.qemu(in: host.folder(ofMachine: "silent").path) == nil)
    #expect(try host.journal.entries().isEmpty)
  }

  @Test func aCancelledLaunchLeavesNothing() async throws {
    let fixture = try Fixture()
    let host = try fixture.host()
    let spec = try await Self.spec(host, name: "cancel")
    let transaction = try await host.begin("cancel")
    let launch = Task { try await host.launch(spec, timeLimit: .seconds(60), in: transaction) }
    try await Task.sleep(for: .milliseconds(800))
    launch.cancel()
    await #expect { try await launch.value } throws: { ($0 as? HostError)?.code == .cancelled }
    #expect(host.qemu(in: host.folder(ofMachine: "cancel").path) == nil)
    #expect(try host.journal.entries().isEmpty)
  }
}
