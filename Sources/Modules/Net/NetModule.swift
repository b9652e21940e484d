import Host
import LuaKit
import LuaRuntime
import Synchronization

/// `kdev.net`; its functions are documented in net.d.lua.
enum NetModule: KdevModule {
  static let name = "net"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("bridge") { lua in
      let options = try environment.options(lua, at: 1, "kdev.net.BridgeOptions", for: "kdev.net.bridge")
      var spec = BridgeSpec(name: try options.required("name"))
      spec.address = try options.string("address")
      spec.mtu = try options.integer("mtu", in: mtus)
      spec.servesNames = try options.bool("dhcp")
      spec.masquerades = try options.bool("masquerade")
      let namespace: NamespaceObject? = try options.value("namespace")
      spec.namespace = namespace?.namespace.name
      let transaction = lua.transaction(of: host)
      return LuaOperation { [spec] in BridgeObject(try await host.makeBridge(spec, in: transaction), host) }
    }
    module.async("tap") { lua in
      let options = try environment.options(lua, at: 1, "kdev.net.TapOptions", for: "kdev.net.tap")
      let transaction = lua.transaction(of: host)
      guard let name = try options.string("name") ?? transaction.machineTap else {
        throw options.wrong("name", "a name expected where no set-up is open")
      }
      let bridge: BridgeObject? = try options.value("bridge")
      let mtu = try options.integer("mtu", in: mtus)
      // MAX_TAP_QUEUES in Linux's drivers/net/tun.c is 256; QEMU takes as many as there are processors.
      let queues = try options.integer("queues", in: 1...255) ?? 1
      let namespace: NamespaceObject? = try options.value("namespace")
      if let space = namespace?.namespace.name, let bridge, bridge.bridge.namespace != space {
        throw options.wrong("namespace", "the bridge \(bridge.bridge.name) is not in \(space)")
      }
      return LuaOperation {
        let tap = try await host.makeTap(
          name, bridge: bridge?.bridge, mtu: mtu, queues: queues, namespace: namespace?.namespace.name, in: transaction)
        return TapObject(tap, in: bridge?.bridge, mtu: mtu ?? bridge?.bridge.mtu, host)
      }
    }
    module.async("namespace") { lua in
      let name: String = try lua.read(1)
      let options = try environment.options(lua, at: 2, "kdev.net.NamespaceOptions", for: "kdev.net.namespace")
      let interfaces = try options.strings("interfaces")
      let transaction = lua.transaction(of: host)
      return LuaOperation {
        NamespaceObject(try await host.makeNamespace(name, interfaces: interfaces, in: transaction), host)
      }
    }
    module.function("link") { lua in
      let name: String = try lua.read(1)
      let ends = try host.makeLink(name, in: lua.transaction(of: host))
      lua.push(LinkEndObject(ends.0))
      lua.push(LinkEndObject(ends.1))
      return 2
    }
    for (name, isPasst) in [("user", false), ("passt", true)] {
      module.function(name) { lua in
        let options = try environment.options(lua, at: 1, "kdev.net.UserOptions", for: "kdev.net.\(name)")
        let asked = try options.integer("ssh_port", in: ports)
        let port = try asked ?? host.reserveLoopbackPort()
        if isPasst, !host.isDryRun { _ = try host.executables.require("passt") }
        lua.push(
          UserNetworkObject(
            sshPort: port, isAsked: asked != nil, forwards: try forwards(options, host), isPasst: isPasst))
        return 1
      }
    }
  }
}

private let ports = 1...65535

/// Ports of the guest by those of the host: a number, or a name that gets a free one; "udp:" before it for UDP.
private func forwards(_ options: Options, _ host: LocalHost) throws -> [UserNetworkObject.Named] {
  guard let value: LuaValue = try options.value("forward") else { return [] }
  return try (value.fields ?? []).map { field in
    let key = field.key.text ?? field.key.int.map(String.init) ?? ""
    guard let guest = field.value.int, ports.contains(guest) else {
      throw options.wrong("forward", "a port of the guest expected for \(key), 1 to 65535")
    }
    let parts = key.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 1 || parts.count == 2 && ["tcp", "udp"].contains(parts[0]), let name = parts.last,
      !name.isEmpty
    else {
      throw options.wrong("forward", "\"8080\", \"udp:5353\" or a name expected, got \"\(key)\"")
    }
    let isUDP = parts.count == 2 && parts[0] == "udp"
    guard let number = Int(name) else {
      return (key, PortForward(isUDP: isUDP, host: try host.reserveLoopbackPort(udp: isUDP), guest: guest))
    }
    guard ports.contains(number) else { throw options.wrong("forward", "a port is 1 to 65535, got \(name)") }
    return (key, PortForward(isUDP: isUDP, host: number, guest: guest, isAsked: true))
  }
}

/// What Linux takes as the largest packet of an IPv4 interface, in bytes (ETH_MIN_MTU, ETH_MAX_MTU in if_ether.h).
private let mtus = 68...65535

extension Transaction {
  /// The tap of the machine that the set-up is for.
  fileprivate var machineTap: String? { owner.isEmpty ? nil : Tap.name(forMachine: owner) }
}

/// `kdev.Bridge`.
final class BridgeObject: LuaObject, Sendable {
  static let luaName = "kdev.Bridge"
  let bridge: Bridge
  private let host: LocalHost

  init(_ bridge: Bridge, _ host: LocalHost) {
    self.bridge = bridge
    self.host = host
  }

  static func define(_ type: LuaClass<BridgeObject>) {
    type.property("name") { $0.bridge.name }
    type.property("address") { $0.bridge.address?.text }
    type.property("namespace") { $0.bridge.namespace }
    type.close { object in LuaOperation { try await object.host.remove(object.bridge) } }
    type.tostring { "kdev.Bridge: \($0.bridge.name)" }
  }
}

/// `kdev.Tap`.
final class TapObject: LuaObject, Sendable {
  static let luaName = "kdev.Tap"
  let tap: Tap
  /// The bridge it is in, when it was given as one.
  let bridge: Bridge?
  /// The largest packet in bytes, where one was asked for.
  let mtu: Int?
  private let host: LocalHost

  init(_ tap: Tap, in bridge: Bridge?, mtu: Int?, _ host: LocalHost) {
    self.tap = tap
    self.bridge = bridge
    self.mtu = mtu
    self.host = host
  }

  static func define(_ type: LuaClass<TapObject>) {
    type.property("name") { $0.tap.name }
    type.property("bridge") { $0.tap.bridge }
    type.property("namespace") { $0.tap.namespace }
    type.close { object in LuaOperation { try await object.host.remove(object.tap) } }
    type.tostring { "kdev.Tap: \($0.tap.name)" }
  }
}

/// `kdev.Namespace`.
final class NamespaceObject: LuaObject, Sendable {
  static let luaName = "kdev.Namespace"
  let namespace: NetworkNamespace
  private let host: LocalHost

  init(_ namespace: NetworkNamespace, _ host: LocalHost) {
    self.namespace = namespace
    self.host = host
  }

  static func define(_ type: LuaClass<NamespaceObject>) {
    type.property("name") { $0.namespace.name }
    type.close { object in LuaOperation { try await object.host.remove(object.namespace) } }
    type.tostring { "kdev.Namespace: \($0.namespace.name)" }
  }
}

/// `kdev.UserNetwork`.
final class UserNetworkObject: LuaObject, Sendable {
  typealias Named = (name: String, forward: PortForward)
  static let luaName = "kdev.UserNetwork"
  private let ports: Mutex<(ssh: Int, forwards: [Named])>
  /// By passt(1) instead of QEMU's own.
  let isPasst: Bool
  /// The caller asked for this port for ssh, and did not leave it to be chosen.
  private let isAsked: Bool

  var sshPort: Int { ports.withLock { $0.ssh } }
  var forwards: [Named] { ports.withLock { $0.forwards } }

  init(sshPort: Int, isAsked: Bool = false, forwards: [Named], isPasst: Bool = false) {
    ports = Mutex((sshPort, forwards))
    self.isAsked = isAsked
    self.isPasst = isPasst
  }

  /// Takes the ports that lead to a machine that was running already.
  /// - Throws: `conflict` when another port than the one that was asked for leads to its ssh.
  func follow(_ network: NetworkCard.Network, of machine: String) throws(HostError) {
    guard let sshPort = network.sshPort else { return }
    if isAsked, sshPort != self.sshPort {
      throw HostError(
        .conflict, "the machine \(machine) is running already, with port \(sshPort) for ssh, not \(self.sshPort)",
        hint: "leave ssh_port out, or kdevlua down \(machine)")
    }
    ports.withLock { ports in
      ports.ssh = sshPort
      var rest = network.forwards
      for (place, (_, wanted)) in ports.forwards.enumerated() {
        func leads(_ one: PortForward) -> Bool { (one.isUDP, one.guest) == (wanted.isUDP, wanted.guest) }
        guard
          let found = rest.firstIndex(where: { leads($0) && $0.host == wanted.host }) ?? rest.firstIndex(where: leads)
        else { continue }
        ports.forwards[place].forward.host = rest.remove(at: found).host
      }
    }
  }

  static func define(_ type: LuaClass<UserNetworkObject>) {
    type.property("ssh_port") { $0.sshPort }
    type.property("ports") { object in
      LuaValue.record(object.forwards.map { ($0.name, .integer(Int64($0.forward.host))) })
    }
    type.tostring { "kdev.UserNetwork: \($0.isPasst ? "passt, " : "")127.0.0.1:\($0.sshPort)" }
  }
}

/// `kdev.LinkEnd`.
final class LinkEndObject: LuaObject, Sendable {
  static let luaName = "kdev.LinkEnd"
  let end: LinkEnd

  init(_ end: LinkEnd) { self.end = end }

  static func define(_ type: LuaClass<LinkEndObject>) {
    type.property("socket") { $0.end.own }
    type.tostring { "kdev.LinkEnd: \($0.end.own)" }
  }
}
