public import Host
import LuaKit
public import LuaRuntime
import Synchronization

/// What the modules of a run share: the host that they act on, and the files of the stdlib.
public final class Environment: Sendable {
  public let host: LocalHost
  public let stdlib: Stdlib
  /// The arguments of the script, for `kdev.cli`.
  public let arguments: [String]
  /// The script's name, for its help.
  public let script: String
  private let types = Mutex<[String: TypeFile]>([:])
  private let library = Mutex<TypeLibrary?>(nil)
  /// What the script has changed of its environment; nil for a variable that it took out.
  private let changes = Mutex<[String: String?]>([:])
  private let reads: OptionReads?

  public convenience init(host: LocalHost, stdlib: Stdlib, script: String = "", arguments: [String] = []) {
    self.init(host: host, stdlib: stdlib, script: script, arguments: arguments, reads: nil)
  }

  /// - Parameter reads: gets the options that functions read.
  init(host: LocalHost, stdlib: Stdlib, script: String, arguments: [String], reads: OptionReads?) {
    self.reads = reads
    self.host = host
    self.stdlib = stdlib
    self.script = script
    self.arguments = arguments
  }

  /// Changes a variable of the environment, for the script and the programs that it runs.
  func setVariable(_ name: String, to value: String?) {
    changes.withLock { changes in _ = changes.updateValue(value, forKey: name) }
  }

  /// What the script has changed of its environment; nil for a variable that it took out.
  var changedVariables: [String: String?] { changes.withLock { $0 } }

  /// The environment, as the script sees it.
  var variables: [String: String] {
    var variables = host.options.environment
    for (name, value) in changedVariables { variables[name] = value }
    return variables
  }

  /// The types of a module, read when its first function is called with a table.
  func types(of module: String) -> TypeFile {
    types.withLock { types in
      if let known = types[module] { return known }
      let file = TypeFile(String(decoding: stdlib.read("types/\(module).d.lua") ?? [], as: UTF8.self))
      types[module] = file
      return file
    }
  }

  /// The types of all modules, read when they are first asked for.
  var typeLibrary: TypeLibrary {
    library.withLock { library in
      let known = library ?? TypeLibrary(stdlib)
      library = known
      return known
    }
  }

  /// The options table of a call, checked. The class is the function's in the module's d.lua file.
  func options(_ lua: LuaState, at index: Int32, _ className: String, for function: String) throws -> Options {
    let module = String(className.split(separator: ".")[1])
    return try Options(lua, at: index, className, of: types(of: module), for: function, reads: reads)
  }
}

/// A module as `require "kdev.NAME"` finds it.
protocol KdevModule: SendableMetatype {
  static var name: String { get }
  static func build(_ module: LuaModule, _ environment: Environment) throws
}

/// The modules, by name.
private let modules: [any KdevModule.Type] = [
  CLIModule.self, DiskModule.self, EnvModule.self, FSModule.self, GlobModule.self, HostModule.self, JSONModule.self,
  KernelModule.self, LogModule.self, MergeModule.self, NetModule.self, PathModule.self, ProcModule.self,
  SandboxModule.self, TeuthologyModule.self,
  TimeModule.self,
  TransactionModule.self,
  UIModule.self, VMModule.self, VNCModule.self, YAMLModule.self,
]

extension LuaRuntime {
  /// Makes kdev's modules available to `require`. Nothing of them is loaded before it is asked for.
  public func install(_ environment: Environment) throws {
    for module in modules {
      try preload("kdev." + module.name) { built in try module.build(built, environment) }
    }
    readTimes(expected: LuaValue.secondsExpected) { Duration.seconds(written: $0) }
    try searchModules(later: { environment.host.moduleFolders })
    try addModuleSource(
      { name in
        environment.stdlib.module(name).map { LuaModuleSource(source: $0.source, chunkName: "@" + $0.place) }
      },
      meant: { name in
        guard name.hasPrefix("kdev.") else { return nil }
        return Suggestion.nearest(to: name, in: modules.map { "kdev." + $0.name } + ["kdev.task"])
      })
  }
}
