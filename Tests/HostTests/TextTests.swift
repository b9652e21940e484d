import FoundationEssentials
import Testing

@testable import Host

@Suite struct ShellTextTests {
  @Test func plainWordsStayAndOthersAreQuoted() {
    #expect(ShellText.line(["ip", "link", "set", "tap0", "up"]) == "ip link set tap0 up")
    #expect(ShellText.line(["echo", "a b", "", "it's", "$HOME"]) == #"echo 'a b' '' 'it'\''s' '$HOME'"#)
    #expect(ShellText.quote("~root") == "'~root'")
  }

  @Test func aShellReadsTheLineBackAsTheSameVector() async throws {
    let host = try Fixture().host()
    let words = [
      "a b", "", "it's", "$HOME", "`x`", "new\nline", "\\", "*", "é", "#", "!", "a;b", "(c)", "<d>", "|&", "-e", "\t",
    ]
    let line = "printf '%s\\0' " + ShellText.line(words)
    let result = try await host.run(.query("sh", "-c", line))
    #expect(
      result.output.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
        String(decoding: $0, as: UTF8.self)
      } == words)
  }

  @Test func aQEMULineHasAnOptionALine() {
    let command = Command.change("qemu-system-x86_64", "-m", "1024", "-daemonize", "-vnc", "127.0.0.1:1")
    #expect(
      command.shellText(sudo: false) == "qemu-system-x86_64 \\\n    -m 1024 \\\n    -daemonize \\\n    -vnc 127.0.0.1:1"
    )
  }

  @Test func rootIsSaidAsSudoOnlyWhereItIsNeeded() {
    #expect(Command.change("ip", "link", "del", "tap0").privileged.shellText(sudo: true) == "sudo ip link del tap0")
    #expect(Command.change("ip", "link", "del", "tap0").privileged.shellText(sudo: false) == "ip link del tap0")
  }
}

@Suite struct ByteSizeTests {
  @Test(arguments: [
    ("4096", 4096), ("128G", 128 << 30), ("1.5K", 1536), ("2MiB", 2 << 20), ("3gb", 3 << 30), ("1T", 1 << 40),
  ])
  func isReadAsQEMUReadsIt(_ text: String, _ bytes: Int) throws {
    #expect(try ByteSize(text).bytes == bytes)
  }
  @Test(arguments: ["", "G", "-1G", "1X", "1.2.3G", "0", "99999999P", "0x10"])
  func isRefusedOtherwise(_ text: String) {
    #expect(throws: HostError.self) { try ByteSize(text) }
  }
  @Test func isWrittenShortAndExact() {
    #expect(ByteSize(bytes: 128 << 30).text == "128G")
    #expect(ByteSize(bytes: 1536).text == "1536")
  }
}

@Suite struct IPv4Tests {
  @Test func addressesOfANetworkLeaveOutItsEndsAndTheHost() throws {
    let network = try IPv4.Network("192.168.77.1/24")
    #expect(network.address(10) == "192.168.77.10")
    #expect(network.address(0) == nil)
    #expect(network.address(1) == nil)
    #expect(network.address(255) == nil)
  }
  @Test func networksThatShareAddressesOverlap() throws {
    let network = try IPv4.Network("192.168.77.1/24")
    #expect(network.overlaps(.init(address: "192.168.77.200", prefixLength: 32)))
    #expect(network.overlaps(.init(address: "192.168.0.1", prefixLength: 16)))
    #expect(!network.overlaps(.init(address: "192.168.78.1", prefixLength: 24)))
  }
  @Test(arguments: ["192.168.77.1", "192.168.77.1/33", "300.1.1.1/24", "1.2.3/24", "a.b.c.d/24"])
  func isRefusedOtherwise(_ text: String) {
    #expect(throws: HostError.self) { try IPv4.Network(text) }
  }
}

@Suite struct ConsoleTextTests {
  @Test func escapesGoAndAPanicIsFound() {
    let text = ConsoleText(
      Array("\u{1b}[2J\u{1b}[1;1HSeaBIOS\r\n\r\n[    1.2] Kernel panic - not syncing: no init\r\n[ 1.3] end".utf8))
    #expect(text.lines == ["SeaBIOS", "[    1.2] Kernel panic - not syncing: no init", "[ 1.3] end"])
    #expect(text.panic == "no init")
    #expect(text.lastLines(1) == "[ 1.3] end")
  }
}

@Suite struct QEMULineTests {
  @Test func commasInPathsAreDoubled() {
    let drives = [Drive(path: "/a,b.qcow2", format: "qcow2")]
    #expect(QEMUOption.drives(drives) == ["-drive", "file=/a,,b.qcow2,format=qcow2,if=virtio"])
  }
  @Test func vncListensOnLoopbackOnly() {
    var spec = MachineSpec(name: "work", kernel: "/k")
    let folder = MachineFolder(path: "/m")
    #expect(QEMUOption.arguments(spec, in: folder).contains("127.0.0.1:0,to=99"))
    spec.display = .number(3)
    #expect(QEMUOption.arguments(spec, in: folder).contains("127.0.0.1:3"))
  }
  @Test func aCardsAddressIsStableAndDiffersByName() {
    #expect(QEMUOption.mac(of: "work") == QEMUOption.mac(of: "work"))
    #expect(QEMUOption.mac(of: "work") != QEMUOption.mac(of: "work2"))
    #expect(QEMUOption.mac(of: "work").hasPrefix("52:54:00:") && QEMUOption.mac(of: "work").count == 17)
  }
  @Test func aRecordOfAnEarlierVersionIsRead() throws {
    let old = #"""
      {"spec":{"name":"work","memory":2048,"cpus":2,"board":"pc","accelerator":"tcg","cpu":"max","kernel":"/k","append":["a"],
       "drives":[{"path":"/d","format":"qcow2"}],"network":{"tap":{"name":"tap0","vhost":true}},"shares":[],"extra":["-S"]},
       "display":3}
      """#
    let record = try JSONDecoder().decode(MachineRecord.self, from: Data(old.utf8))
    var spec = MachineSpec(name: "work", kernel: "/k")
    (spec.memory, spec.cpus, spec.append, spec.extra) = (2048, 2, ["a"], ["-S"])
    spec.drives = [Drive(path: "/d", format: "qcow2")]
    spec.network = .tap(name: "tap0", vhost: true)
    #expect(record == MachineRecord(spec: spec, display: 3))
    // Written and read again it is the same.
    #expect(try JSONDecoder().decode(MachineRecord.self, from: try JSONEncoder().encode(record)) == record)
  }
  @Test func theLineHasTheDocumentsOptions() {
    var spec = MachineSpec(name: "work", kernel: "/boot/vmlinuz")
    spec.network = .tap(name: "tap0", vhost: true)
    spec.shares = [.init(tag: "hostshare", path: "/share")]
    let line = QEMUOption.arguments(spec, in: MachineFolder(path: "/m"))
    #expect(line.contains("tap,id=net0,ifname=tap0,script=no,downscript=no,vhost=on"))
    #expect(line.contains("local,id=shared_folder,path=/share,security_model=none"))
    #expect(line.contains("virtio-9p-pci,fsdev=shared_folder,mount_tag=hostshare"))
    #expect(line.contains("-daemonize"))
  }
}

@Suite struct VersionTests {
  @Test func numbersAreComparedByValue() {
    let names = ["vmlinuz-6.1.0-9-amd64", "vmlinuz-6.1.0-56-amd64", "vmlinuz-5.10.0-30-amd64", "vmlinuz-6.10.3-amd64"]
    #expect(names.sorted { Version($0) < Version($1) } == [names[2], names[0], names[1], names[3]])
  }
}

@Suite struct GuestWordTests {
  @Test func everythingButPlainBytesIsEscaped() {
    #expect(GuestChannel.word(Array("uname".utf8)) == "$'uname'")
    #expect(GuestChannel.word([]) == "$''")
    #expect(GuestChannel.word(Array("a b'\n".utf8) + [0xff]) == #"$'a\x20b\x27\x0a\xff'"#)
  }
}
