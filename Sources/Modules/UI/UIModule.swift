import Glibc
import Host
import LuaKit
import LuaRuntime
import TerminalText

/// `kdev.ui`; its functions are documented in ui.d.lua.
enum UIModule: KdevModule {
  static let name = "ui"

  static func build(_ module: LuaModule, _ environment: Environment) throws {
    let host = environment.host
    module.function("note") { lua in
      host.note(try lua.read(1))
      return 0
    }
    module.function("dry_run") { lua in
      lua.push(host.isDryRun)
      return 1
    }
    module.async("step") { lua in
      let label: String = try lua.read(1)
      let body = try lua.function(2)
      let runtime = LuaRuntime.of(lua)
      return LuaOperation { LuaReturn.values(try await host.step(label) { _ in try await runtime.call(body) }) }
    }
    module.function("progress") { lua in
      let options = try environment.options(lua, at: 1, "kdev.ui.ProgressOptions", for: "kdev.ui.progress")
      let total: Double? = try options.value("total")
      if let total, !(total >= 0) { throw options.wrong("total", "a number from 0 on expected, got \(total)") }
      let state = ProgressState(
        label: try options.string("label") ?? "", unit: try options.string("unit") ?? "", total: total)
      lua.push(ProgressObject(host.progress(state)))
      return 1
    }
    module.function("table") { lua in
      guard lua.type(at: 1) == .table else {
        throw lua.argumentError(1, LuaMismatch(expected: "table", lua, at: 1).message)
      }
      let options = try environment.options(lua, at: 2, "kdev.ui.TableOptions", for: "kdev.ui.table")
      let table = try TableOptions(options).table(at: 1)
      host.outputComes()
      // After what the script has printed.
      fflush(nil)
      for line in table.lines(within: Terminal.width(of: Terminal.output)) {
        Descriptor.write(line + "\n", to: Terminal.output)
      }
      return 0
    }
    module.function("style") { lua in
      let text: String = try lua.read(1)
      let words: String = try lua.read(2)
      let stream = try stream(lua, 3)
      let (style, unknown) = TextStyle.parse(words)
      guard let style else {
        let word = unknown ?? ""
        let near = Suggestion.nearest(to: word, in: TextStyle.words).map { "; did you mean '\($0)'?" } ?? ""
        throw lua.argumentError(2, "no style '\(word)'\(near)")
      }
      let isColored = Terminal.usesColor(stream, environment: host.options.environment)
      lua.push(isColored ? style.apply(to: text) : text)
      return 1
    }
    module.function("width") { lua in
      if lua.isNil(at: 1) {
        lua.push(Terminal.width(of: Terminal.output) ?? 80)
      } else {
        lua.push(DisplayWidth.of(try lua.read(1, as: String.self)))
      }
      return 1
    }
    module.function("is_terminal") { lua in
      lua.push(Terminal.isTerminal(try stream(lua, 1)))
      return 1
    }
    questions(module, environment)
    try announceOutput(module.lua, host)
  }

  private static func questions(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("confirm") { lua in
      let question: String = try lua.read(1)
      let options = try environment.options(lua, at: 2, "kdev.ui.ConfirmOptions", for: "kdev.ui.confirm")
      let standard: Bool? = try options.value("default")
      let isYes = try options.bool("yes")
      return LuaOperation { isYes ? true : try await host.confirm(question, standard) }
    }
    module.async("prompt") { lua in
      let question: String = try lua.read(1)
      let options = try environment.options(lua, at: 2, "kdev.ui.PromptOptions", for: "kdev.ui.prompt")
      let standard = try options.string("default")
      return LuaOperation { try await host.prompt(question, standard) }
    }
    module.async("select") { lua in
      let question: String = try lua.read(1)
      let choices: [String] = try lua.read(2)
      guard !choices.isEmpty else { throw lua.argumentError(2, "at least one choice expected") }
      let options = try environment.options(lua, at: 3, "kdev.ui.SelectOptions", for: "kdev.ui.select")
      let standard = try options.string("default")
      if let standard, !choices.contains(standard) {
        throw options.wrong("default", "one of the choices expected, got \"\(standard)\"")
      }
      return LuaOperation { try await host.select(question, among: choices, standard) }
    }
  }

  private static func stream(_ lua: LuaState, _ index: Int32) throws -> Int32 {
    switch try lua.read(index, as: String?.self) ?? "stdout" {
    case "stdout": return Terminal.output
    case "stderr": return Terminal.error
    case let other: throw lua.argumentError(index, "\"stdout\" or \"stderr\" expected, got \"\(other)\"")
    }
  }

  /// On a terminal, has what the script prints come above the bars and the spinner: they are taken away before it, and are
  /// drawn again below it.
  private static func announceOutput(_ lua: LuaState, _ host: LocalHost) throws(LuaError) {
    guard Terminal.isTerminal(Terminal.output), Terminal.isTerminal(Terminal.error) else { return }
    try lua.load(
      """
      local announce <const>, print_ <const>, io_write <const> = ..., print, io.write
      local methods <const> = getmetatable(io.stdout).__index
      local method <const> = methods.write
      function print(...)
        announce()
        return print_(...)
      end
      function io.write(...)
        announce()
        return io_write(...)
      end
      function methods.write(file, ...)
        if file == io.stdout or file == io.stderr then announce() end
        return method(file, ...)
      end
      """, name: "=kdev.ui")
    lua.push(function: { _ in
      host.outputComes()
      return 0
    })
    try lua.call(arguments: 1)
  }
}

/// `kdev.Progress`.
final class ProgressObject: LuaObject, Sendable {
  static let luaName = "kdev.Progress"
  private let bar: ProgressBar

  init(_ bar: ProgressBar) { self.bar = bar }

  static func define(_ type: LuaClass<ProgressObject>) {
    type.property("done") { $0.bar.state.done.plain }
    type.property("total") { $0.bar.state.total?.plain ?? .nil }
    type.method("update") { object, lua in
      let done: Double = try lua.read(2)
      object.bar.change { $0.done = done }
      return 0
    }
    type.method("advance") { object, lua in
      let count: Double = try lua.read(2, as: Double?.self) ?? 1
      object.bar.change { $0.done += count }
      return 0
    }
    type.method("label") { object, lua in
      let label: String = try lua.read(2)
      object.bar.change { $0.label = label }
      return 0
    }
    type.method("set_total") { object, lua in
      let total: Double = try lua.read(2)
      object.bar.change { $0.total = total }
      return 0
    }
    type.method("close") { object, _ in
      object.bar.close(failed: false)
      return 0
    }
    // Lua calls __close with the error that left the block, or nil.
    type.close { object, lua in
      object.bar.close(failed: !lua.isNil(at: 2))
      return 0
    }
    type.tostring { "kdev.Progress: \($0.bar.state.label)" }
  }
}

extension Double {
  /// A whole number is an integer in Lua.
  fileprivate var plain: LuaValue { Int64(exactly: self).map { .integer($0) } ?? .number(self) }
}
