import LuaKit
public import Suite

/// Reads scripts of fragments without running them.
public struct ScriptSyntax {
  private let lua: LuaState

  /// What teuthology writes around a script, so that what closes it too early, or has too many locals, is found; all on
  /// the script's own lines.
  private static let header =
    "do local check_filters = ...; accept(); check_filters(_ENV) end local function main() do "
  private static let footer = " end return true end return main()"
  private static let name = "script"

  /// Begins a Lua universe, which lasts until `close()`.
  public init() throws { lua = try LuaState.make() }

  /// Ends the universe.
  public func close() { lua.close() }

  /// What is wrong with the syntax of a script, in Lua's words; nil when nothing is.
  public func error(in script: String) -> ScriptSyntaxError? {
    // What closes our function and begins one of its own is no script by itself.
    loadError(script) ?? loadError(Self.header + script + Self.footer)
  }

  private func loadError(_ text: String) -> ScriptSyntaxError? {
    let top = lua.top
    defer { lua.pop(lua.top - top) }
    do throws(LuaError) {
      try lua.load(text, name: "=" + Self.name)
      return nil
    } catch {
      let message = Substring(error.message)
      guard message.hasPrefix(Self.name + ":") else { return ScriptSyntaxError(line: nil, message: error.message) }
      let rest = message.dropFirst(Self.name.count + 1)
      let digits = rest.prefix { $0.isNumber }
      return ScriptSyntaxError(line: Int(digits), message: String(rest.dropFirst(digits.count + 2)))
    }
  }
}
