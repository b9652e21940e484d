import Host
import LuaKit
import LuaRuntime

/// `kdev.vnc`; its functions are documented in vnc.d.lua.
enum VNCModule: KdevModule {
  static let name = "vnc"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("tunnel") { lua in
      let options = try environment.options(lua, at: 1, "kdev.vnc.TunnelOptions", for: "kdev.vnc.tunnel")
      var spec = TunnelSpec(
        try options.remoteAddress("host"),
        display: try options.integer("display", in: 0...99) ?? options.required("display"))
      spec.localDisplay = try options.integer("local_display", in: 0...99)
      let limit = try options.duration("timeout") ?? .seconds(30)
      let runtime = LuaRuntime.of(lua)
      return LuaOperation { [spec] in
        let tunnel = try host.tunnel(spec)
        return try await host.step("tunnel to display \(spec.display) of \(spec.address.destination)") { step in
          await runtime.begin(LuaOperation { await tunnel.run() })
          try await tunnel.waitUntilUp(within: limit)
          step.detail("127.0.0.1:\(tunnel.display) (port \(tunnel.port))")
          return TunnelObject(tunnel)
        }
      }
    }
  }
}

/// `kdev.Tunnel`.
final class TunnelObject: LuaObject, Sendable {
  static let luaName = "kdev.Tunnel"
  private let tunnel: Tunnel

  init(_ tunnel: Tunnel) { self.tunnel = tunnel }

  static func define(_ type: LuaClass<TunnelObject>) {
    type.property("host") { $0.tunnel.spec.address.destination }
    type.property("display") { $0.tunnel.display }
    type.property("port") { $0.tunnel.port }
    type.close { object in LuaOperation { await object.tunnel.close() } }
    type.tostring {
      "kdev.Tunnel: 127.0.0.1:\($0.tunnel.display) is display \($0.tunnel.spec.display) of \($0.tunnel.spec.address.destination)"
    }
  }
}
