import Host
import LuaKit
import LuaRuntime

/// `kdev.net`; its functions are documented in net.d.lua.
enum NetModule: KdevModule {
  static let name = "net"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("bridge") { lua in
      let options = try environment.options(lua, at: 1, "kdev.net.BridgeOptions", for: "kdev.net.bridge")
      let name: String = try options.required("name")
      let address = try options.string("address")
      let transaction = lua.transaction(of: host)
      return LuaOperation { BridgeObject(try await host.makeBridge(name, address: address, in: transaction), host) }
    }
    module.async("tap") { lua in
      let options = try environment.options(lua, at: 1, "kdev.net.TapOptions", for: "kdev.net.tap")
      let transaction = lua.transaction(of: host)
      guard let name = try options.string("name") ?? transaction.machineTap else {
        throw options.wrong("name", "a name expected where no set-up is open")
      }
      let bridge: BridgeObject? = try options.value("bridge")
      return LuaOperation {
        TapObject(try await host.makeTap(name, bridge: bridge?.bridge.name, in: transaction), in: bridge?.bridge, host)
      }
    }
    module.function("user") { lua in
      let options = try environment.options(lua, at: 1, "kdev.net.UserOptions", for: "kdev.net.user")
      lua.push(UserNetworkObject(port: try options.integer("ssh_port", in: 1...65535) ?? host.reserveLoopbackPort()))
      return 1
    }
  }
}

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
  private let host: LocalHost

  init(_ tap: Tap, in bridge: Bridge?, _ host: LocalHost) {
    self.tap = tap
    self.bridge = bridge
    self.host = host
  }

  static func define(_ type: LuaClass<TapObject>) {
    type.property("name") { $0.tap.name }
    type.property("bridge") { $0.tap.bridge }
    type.close { object in LuaOperation { try await object.host.remove(object.tap) } }
    type.tostring { "kdev.Tap: \($0.tap.name)" }
  }
}

/// `kdev.UserNetwork`.
final class UserNetworkObject: LuaObject, Sendable {
  static let luaName = "kdev.UserNetwork"
  let port: Int

  init(port: Int) { self.port = port }

  static func define(_ type: LuaClass<UserNetworkObject>) {
    type.property("ssh_port") { $0.port }
    type.tostring { "kdev.UserNetwork: 127.0.0.1:\($0.port)" }
  }
}
