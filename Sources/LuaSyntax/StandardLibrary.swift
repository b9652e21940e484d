/// The names that Lua's own library has (the manual's section 6), for who does not ask a Lua state.
public enum StandardLibrary {
  /// The functions that are globals.
  public static let functions: Set<String> = [
    "assert", "collectgarbage", "dofile", "error", "getmetatable", "ipairs", "load", "loadfile", "next", "pairs",
    "pcall", "print", "rawequal", "rawget", "rawlen", "rawset", "require", "select", "setmetatable", "tonumber",
    "tostring", "type", "warn", "xpcall",
  ]

  /// The tables of functions, with the sections of the manual that describe them.
  public static let tables: [String: String] = [
    "coroutine": "6.2", "package": "6.3", "string": "6.4", "utf8": "6.5", "table": "6.6", "math": "6.7", "io": "6.8",
    "os": "6.9", "debug": "6.10",
  ]

  /// All globals that a script finds, those of the program `lua` too.
  public static let globals: Set<String> = functions.union(tables.keys).union(["_G", "_VERSION", "arg"])
}
