import Host
import LuaKit
import LuaRuntime

/// `kdev.time`; its functions are documented in time.d.lua.
enum TimeModule: KdevModule {
  static let name = "time"

  static func build(_ module: LuaModule, _ environment: Environment) {
    module.function("now") { lua in
      lua.push(Clock.wall)
      return 1
    }
    module.function("monotonic") { lua in
      lua.push(Clock.monotonic)
      return 1
    }
    module.function("format") { lua in
      let seconds: Double = try lua.read(1, as: Double?.self) ?? Clock.wall
      lua.push(try Clock.format(seconds, try lua.read(2, as: String?.self) ?? "%Y-%m-%dT%H:%M:%SZ"))
      return 1
    }
    module.function("parse") { lua in
      let text: String = try lua.read(1)
      guard let seconds = TimeText.parse(text) else {
        throw HostError(
          .invalid, "\"\(text)\" is not a time", hint: "write it as 2024-05-17, 2024-05-17T10:30:00Z or with +02:00")
      }
      lua.push(seconds)
      return 1
    }
    module.function("format_duration") { lua in
      let seconds: Double = try lua.read(1)
      guard seconds >= 0, seconds < 1e9 else { throw lua.argumentError(1, "seconds from 0 to 1e9 expected") }
      lua.push(TimeText.duration(seconds))
      return 1
    }
    module.function("parse_duration") { lua in
      let value: LuaValue = try lua.read(1)
      guard let seconds = value.seconds, seconds >= 0 else { throw lua.argumentError(1, LuaValue.secondsExpected) }
      lua.push(seconds)
      return 1
    }
  }
}
