import Host
import LuaKit
import LuaRuntime

extension FSModule {
  /// `watch`.
  static func addWatch(to module: LuaModule, _ environment: Environment) {
    module.function("watch") { lua in
      let options = try environment.options(lua, at: 1, "kdev.fs.WatchOptions", for: "kdev.fs.watch")
      let folders: [String] = try options.positional()
      lua.push(WatchObject(try FileWatch(folders.map { Files.absolute($0) }), environment))
      return 1
    }
  }
}

/// `kdev.Watch`.
final class WatchObject: LuaObject, Sendable {
  static let luaName = "kdev.Watch"
  private let watch: FileWatch
  private let environment: Environment

  init(_ watch: FileWatch, _ environment: Environment) {
    self.watch = watch
    self.environment = environment
  }

  static func define(_ type: LuaClass<WatchObject>) {
    type.asyncMethod("next") { object, lua in
      let options = try object.environment.options(lua, at: 2, "kdev.fs.WatchNextOptions", for: "Watch:next")
      let quiet = try options.duration("quiet") ?? .milliseconds(100)
      let limit = try options.duration("timeout")
      return LuaOperation {
        LuaValue.array(try await object.watch.next(quiet: quiet, timeLimit: limit).map { .string($0) })
      }
    }
    type.close { object, _ in
      object.watch.close()
      return 0
    }
  }
}
