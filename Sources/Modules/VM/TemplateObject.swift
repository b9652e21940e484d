import Host
import LuaKit
import LuaRuntime

/// `kdev.Template`.
final class TemplateObject: LuaObject, Sendable {
  static let luaName = "kdev.Template"
  let template: Template
  private let environment: Environment

  init(_ template: Template, _ environment: Environment) {
    self.template = template
    self.environment = environment
  }

  /// The functions of `kdev.vm` that make and list templates.
  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("template") { lua in
      let options = try environment.options(lua, at: 1, "kdev.vm.LaunchOptions", for: "kdev.vm.template")
      let spec = try LaunchOptions(options).spec(host)
      let limit = try options.duration("boot_timeout") ?? .seconds(120)
      let prepare: [[String]] = try lua.read(2, as: [[String]]?.self) ?? []
      guard prepare.allSatisfy({ !$0.isEmpty }) else {
        throw lua.argumentError(2, "a program and its arguments expected")
      }
      return LuaOperation {
        TemplateObject(try await host.template(spec, prepare: prepare, timeLimit: limit), environment)
      }
    }
    module.async("templates") { _ in
      LuaOperation { try host.templates().map { TemplateObject($0, environment) } }
    }
  }

  static func define(_ type: LuaClass<TemplateObject>) {
    type.property("name") { $0.template.name }
    type.property("release") { $0.template.release }
    type.property("path") { $0.template.path }
    type.asyncMethod("clone") { object, lua in
      let host = object.environment.host
      let options = try object.environment.options(lua, at: 2, "kdev.vm.CloneOptions", for: "Template:clone")
      let clone = try object.read(options)
      let limit = try options.duration("boot_timeout") ?? .seconds(30)
      let transaction = lua.transaction(of: host)
      return LuaOperation {
        MachineObject(
          try await host.clone(object.template, clone, timeLimit: limit, in: transaction), object.environment)
      }
    }
    type.asyncMethod("remove") { object, _ in
      LuaOperation { try object.environment.host.removeTemplate(object.template.name) }
    }
    type.tostring { "kdev.Template: \($0.template.name) (\($0.template.path))" }
  }

  private func read(_ options: Options) throws -> CloneOptions {
    var clone = CloneOptions(name: try options.required("name"))
    // Only to read the fields of the network as `launch` does.
    var spec = MachineSpec(name: clone.name, kernel: "")
    let launch = LaunchOptions(options)
    try launch.network(&spec, environment.host)
    guard spec.cards.count <= 1 else { throw options.wrong("net", "a clone has one card at most") }
    clone.card = spec.cards.first
    (clone.address, clone.addressNote) = (spec.address, spec.addressNote)
    for share in try launch.shares() { clone.shares[share.tag] = share.path }
    clone.vnc = try options.integer("vnc", in: 0...99)
    return clone
  }
}
