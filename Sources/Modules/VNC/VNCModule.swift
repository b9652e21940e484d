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
    module.async("view") { lua in
      let options = try environment.options(lua, at: 1, "kdev.vnc.ViewOptions", for: "kdev.vnc.view")
      let name = try options.machineName("vm")
      let display = try options.integer("display", in: 0...99)
      let port = try options.integer("port", in: 1...65535)
      let opens = try options.value("browser") ?? true
      guard (name == nil) != (display == nil) else { throw options.wrong("vm", "either vm or display is needed") }
      return LuaOperation {
        if host.plans("kdevlua view \(name.map { ShellText.quote($0) } ?? "--display \(display ?? 0)")") {
          return ViewObject(nil, of: name, host, isOpened: false)
        }
        let view: ViewServer
        if let name {
          view = try await host.view(machine: name, port: port)
        } else {
          view = try await host.view(display: display ?? 0, port: port)
        }
        do {
          let isOpened = opens ? try await host.openBrowser(view) : false
          return ViewObject(view, of: name, host, isOpened: isOpened)
        } catch {
          await view.close()
          throw error
        }
      }
    }
  }
}

extension Options {
  /// The name of a machine that is given itself, or by its name.
  fileprivate func machineName(_ name: String) throws -> String? {
    push(name)
    defer { lua.pop() }
    if let object = MachineObject.test(lua, at: -1) { return object.machine.name }
    return try value(name)
  }
}

/// `kdev.View`.
final class ViewObject: LuaObject, Sendable {
  static let luaName = "kdev.View"
  /// Nil in a dry run.
  private let view: ViewServer?
  private let machine: String?
  private let host: LocalHost
  private let isOpened: Bool

  init(_ view: ViewServer?, of machine: String?, _ host: LocalHost, isOpened: Bool) {
    (self.view, self.machine, self.host, self.isOpened) = (view, machine, host, isOpened)
  }

  static func define(_ type: LuaClass<ViewObject>) {
    type.property("url") { $0.view?.url ?? "" }
    type.property("port") { $0.view?.port ?? 0 }
    type.property("opened") { $0.isOpened }
    type.asyncMethod("wait") { object, _ in
      LuaOperation {
        if let machine = object.machine, object.view != nil { try await object.host.waitForEnd(ofMachine: machine) }
        if object.machine == nil { await object.view?.waitForEnd() }
      }
    }
    type.close { object in LuaOperation { await object.view?.close() } }
    type.tostring { "kdev.View: \($0.machine ?? "a display")" }
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
