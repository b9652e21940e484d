import Host
import LuaKit
import LuaRuntime

/// `kdev.Console`.
final class ConsoleObject: LuaObject, Sendable {
  static let luaName = "kdev.Console"
  private let console: GuestConsole
  private let machine: String
  private let environment: Environment

  init(_ console: GuestConsole, of machine: String, _ environment: Environment) {
    self.console = console
    self.machine = machine
    self.environment = environment
  }

  static func define(_ type: LuaClass<ConsoleObject>) {
    type.asyncMethod("write") { object, lua in
      let bytes: [UInt8] = try lua.read(2)
      return LuaOperation { try await object.console.write(bytes) }
    }
    type.asyncMethod("read") { object, lua in
      let options = try object.environment.options(lua, at: 2, "kdev.vm.WaitOptions", for: "Console:read")
      let limit = try options.duration("timeout")
      return LuaOperation {
        let bytes = try await object.console.read(within: limit)
        return bytes.map { LuaValue.bytes($0) } ?? .nil
      }
    }
    type.method("lines") { object, lua in
      lua.push(function: { lua in
        try lua.await(
          LuaOperation {
            let line = try await object.console.line()
            return line.map { LuaValue.bytes($0) } ?? .nil
          })
      })
      return 1
    }
    type.asyncMethod("expect") { object, lua in
      let pattern: [UInt8] = try lua.read(2)
      let options = try object.environment.options(lua, at: 3, "kdev.vm.ExpectOptions", for: "Console:expect")
      let isPlain = try options.bool("plain")
      let limit = try options.duration("timeout") ?? .seconds(30)
      let runtime = LuaRuntime.of(lua)
      try lua.load(Self.find, name: "=kdev.vm")
      let find = lua.reference(at: -1)
      lua.pop()
      // A pattern that is none is an error now, not when the guest speaks.
      return LuaOperation {
        try await object.expect(pattern, isPlain, limit) { text in
          try await runtime.call(find, [.bytes(text), .bytes(pattern), .bool(isPlain)])
        }
      }
    }
    type.tostring { "kdev.Console: \($0.machine)" }
  }

  /// Lua's own patterns; gives where the match ends, what was before it, the match, and its captures.
  private static let find = """
    local text <const>, pattern <const>, plain <const> = ...
    local found <const> = table.pack(string.find(text, pattern, 1, plain))
    if not found[1] then return nil end
    return found[2], text:sub(1, found[1] - 1), text:sub(found[1], found[2]), table.unpack(found, 3, found.n)
    """

  private func expect(
    _ pattern: [UInt8], _ isPlain: Bool, _ limit: Duration,
    _ find: @escaping @Sendable ([UInt8]) async throws -> [LuaValue]
  ) async throws -> LuaReturn {
    let end = ContinuousClock.now + limit
    while true {
      let seen = console.pending
      let found = try await find(seen)
      if let place = found.first?.int {
        console.drop(place)
        let before: LuaValue = found.count > 1 ? found[1] : .nil
        return .values(Array(found.dropFirst(2)) + [before])
      }
      let state = try await console.more(than: seen.count, until: end)
      guard state != .more else { continue }
      let wanted = String(decoding: pattern, as: UTF8.self)
      let lines = String(decoding: seen, as: UTF8.self).split(separator: "\n").suffix(10).joined(separator: "\n")
      if state == .ended {
        throw HostError(.guest, "the guest \(machine) ended before its console said \(wanted)", detail: lines)
      }
      throw HostError(
        .timeout, "the console of \(machine) did not say \(wanted) within \(limit.text)",
        hint: lines.isEmpty ? "it said nothing" : "it said what stands above", detail: lines)
    }
  }
}
