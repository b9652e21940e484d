import FoundationEssentials
import Testing

@testable import Host

@Suite struct DoctorTests {
  @Test func aProgramThatIsTooOldSaysWhatItLacks() throws {
    let qemu = try #require(Program.all.first { $0.name == "qemu-system-x86_64" })
    let old = LocalHost.judge(qemu, saying: "QEMU emulator version 6.2.0 (Debian 1:6.2+dfsg-2ubuntu6)")
    #expect(old.grade == .limited)
    #expect(old.text.hasSuffix("older than 7.2, the first with cables between guests (kdev.net.link)"))
    #expect(old.hint == "sudo apt-get install qemu-system-x86")
    for version in ["7.2.22", "10.0.2"] {
      #expect(LocalHost.judge(qemu, saying: "QEMU emulator version \(version) (Debian)").grade == .ok)
    }
  }

  @Test func programsAreListedOnceByNameWithTheirPackages() {
    let names = Program.all.map(\.name)
    #expect(names == names.sorted())
    #expect(Set(names).count == names.count)
    #expect(Program.all.filter { $0.without == nil }.count > 5)
  }

  @Test func whatTheHostsKernelLacksIsNamedWithWhatComesOfIt() {
    let config = KernelConfig(Array("CONFIG_TUN=m\nCONFIG_BRIDGE=y\n# CONFIG_KVM_AMD is not set\n".utf8))
    let found = LocalHost.judge(config, from: "/boot/config-6.1", .amd)
    func grade(_ name: String) -> Finding.Grade? { found.first { $0.subject == name }?.grade }
    #expect(grade("CONFIG_TUN") == .ok)
    #expect(grade("CONFIG_BRIDGE") == .ok)
    #expect(grade("CONFIG_KVM_AMD") == .limited)
    #expect(grade("CONFIG_KVM_INTEL") == nil)
    #expect(grade("CONFIG_VHOST_NET") == .limited)
  }

  @Test func theModuleOfKVMIsThatOfTheProcessor() {
    #expect(Processor.virtualization(in: "processor : 0\nflags : fpu vme vmx sse\n") == .intel)
    #expect(Processor.virtualization(in: "flags\t\t: fpu svm\n") == .amd)
    #expect(Processor.virtualization(in: "flags : fpu\nbugs : vmx\n") == nil)
  }

  private func links(_ addresses: String) throws -> [Link] {
    let json = #"[{"ifindex":3,"ifname":"br0","addr_info":[\#(addresses)]}]"#
    return try JSONDecoder().decode([Link].self, from: Data(json.utf8))
  }

  private func routes(_ text: String) throws -> [Route] {
    try JSONDecoder().decode([Route].self, from: Data("[\(text)]".utf8))
  }

  @Test func aNewBridgeTakesANetworkThatNoRouteLeadsTo() throws {
    let links = try links(#"{"family":"inet","local":"192.168.77.1","prefixlen":24}"#)
    let routes = try routes(
      #"{"dst":"default","gateway":"10.1.1.1","dev":"eth0"},{"dst":"0.0.0.0/1","dev":"tun0"},{"dst":"192.168.78.9","dev":"wg0"}"#
    )
    #expect(try LocalHost.freeNetwork(links, routes).text == "192.168.79.1/24")
  }

  @Test func whereRoutesLeadEverywhereItTakesOneThatTheHostIsNotIn() throws {
    let links = try links(#"{"family":"inet","local":"192.168.77.1","prefixlen":24}"#)
    let routes = try routes(#"{"dst":"192.168.0.0/16","dev":"wg0"}"#)
    let network = try LocalHost.freeNetwork(links, routes)
    #expect(network.text == "192.168.78.1/24")
    #expect(
      LocalHost.clashes(with: network, on: nil, links, routes) == ["192.168.0.0/16, where a route over wg0 leads"])
  }

  @Test func aBridgeDoesNotClashWithItself() throws {
    let links = try links(#"{"family":"inet","local":"192.168.77.1","prefixlen":24}"#)
    let own = try routes(#"{"dst":"192.168.77.0/24","dev":"br0","protocol":"kernel"}"#)
    #expect(LocalHost.judge(bridge: "br0", owner: "", links, own).isEmpty)
  }
}
