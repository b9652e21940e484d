import Host
public import LuaKit
public import LuaRuntime
import LuaSyntax
public import TerminalText

/// What a prompt needs of Lua: results printed, `_`, `help`, and what is said of a line before it runs.
public struct ReplSession: Sendable {
  /// How output looks.
  public struct Style: Sendable {
    public var columns: Int
    public var paint: Paint

    public init(columns: Int, paint: Paint) {
      self.columns = columns
      self.paint = paint
    }
  }

  private let runtime: LuaRuntime
  private let environment: Environment
  private let style: @Sendable () -> Style
  private let print: @Sendable (String) -> Void
  private var lostLocals: Set<String> = []
  private var hasSaidOfLocals = false

  /// - Parameters:
  ///   - style: Asked each time something is shown.
  ///   - print: Shows a text.
  public init(
    _ runtime: LuaRuntime, _ environment: Environment, style: @escaping @Sendable () -> Style,
    print: @escaping @Sendable (String) -> Void
  ) {
    self.runtime = runtime
    self.environment = environment
    self.style = style
    self.print = print
  }

  /// Makes the global `help`. Nothing else is changed.
  public func prepare() async throws {
    let (environment, style, print) = (environment, style, print)
    try await runtime.withState { lua in
      lua.push(function: { lua in
        let style = style()
        let help = Help(types: environment.typeLibrary, columns: style.columns, paint: style.paint)
        print(try Self.help(lua, help))
        return 0
      })
      try lua.setGlobal("help")
    }
  }

  /// Runs a chunk that ``LuaRuntime/compile(_:)`` has found whole, and prints its results.
  public func run(_ source: String) async throws(LuaError) {
    let (environment, style, print) = (environment, style, print)
    try await runtime.evaluate(.source(source, name: "=stdin")) { lua in
      let count = lua.top
      guard count > 0 else { return }
      lua.pushCopy(at: 1)
      try lua.setGlobal("_")
      let style = style()
      try lua.ensureStack(50)
      var printer = ValuePrinter(lua, environment.typeLibrary, columns: style.columns, paint: style.paint)
      var texts: [String] = []
      for index in 1...count { texts.append(printer.text(at: index)) }
      let isBroken = texts.contains { $0.contains("\n") }
      print(texts.joined(separator: isBroken ? "\n" : "\t") + "\n")
    }
  }

  /// What to say of a chunk that ``LuaRuntime/compile(_:)`` has found whole before it runs, once in a session: that a name in
  /// it was local to an earlier one.
  public mutating func remark(on source: String) async -> String? {
    guard !hasSaidOfLocals, let chunk = try? Parser.parse(SourceText(Array(source.utf8))) else { return nil }
    defer {
      lostLocals.formUnion(Self.outerLocals(of: chunk))
      // That one is there again: as a global it is loaded when it is first named.
      lostLocals.remove("kdev")
    }
    let used = Set(Scopes(chunk).globals.map(\.text)).intersection(lostLocals).sorted()
    let missing = await runtime.withState { lua in
      used.first { name in
        lua.pushGlobals()
        lua.rawField(name, of: -1)
        defer { lua.pop(2) }
        return lua.isNil(at: -1)
      }
    }
    guard let missing else { return nil }
    hasSaidOfLocals = true
    return "\(missing) was local to an earlier input, and ended with it; without \"local\" it stays"
  }

  /// Names that `local` declares outside of any block and function: they end with the text.
  private static func outerLocals(of chunk: Chunk) -> [String] {
    chunk.block.statements.flatMap { statement -> [String] in
      switch statement.kind {
      case .local(let names, _, _): names.map(\.text)
      case .localFunction(let name, _): [name.text]
      default: []
      }
    }
  }

  /// Whether a global variable of that name is set.
  public func isDefined(_ name: String) async -> Bool {
    await runtime.withState { lua in
      lua.pushGlobals()
      lua.rawField(name, of: -1)
      return !lua.isNil(at: -1)
    }
  }

  // MARK: help

  private static func help(_ lua: LuaState, _ help: Help) throws -> String {
    guard lua.top > 0 else { return help.start }
    let asked: String
    switch lua.type(at: 1) {
    case .string:
      asked = try lua.read(1)
      if let text = help.text(named: asked) { return text }
      if let text = library(asked, lua) { return text }
    case .nil: throw LuaError("nothing has that name: it is nil")
    default:
      asked = help.types.name(of: 1, lua) ?? lua.libraryName(of: 1) ?? ""
      if let text = help.text(named: asked) { return text }
      if let text = library(asked, lua) { return text }
      if lua.type(at: 1) == .function, let place = lua.definition(at: 1) {
        return (["function: \(place)"] + comment(above: place)).joined(separator: "\n") + "\n"
      }
      throw LuaError("there is no text about this \(lua.typeName(at: 1))")
    }
    let near = help.nearest(to: asked)
    throw LuaError("there is no text about \"\(asked)\"" + (near.map { "; did you mean \"\($0)\"?" } ?? ""))
  }

  /// Lua's own functions and libraries are described in its manual.
  private static func library(_ name: String, _ lua: LuaState) -> String? {
    let manual = "https://www.lua.org/manual/5.4/manual.html#"
    if let section = StandardLibrary.tables[name] { return "\(name): \(manual)\(section)\n" }
    let parts = name.split(separator: ".").map(String.init)
    if parts.count == 2, StandardLibrary.tables[parts[0]] != nil {
      let base = lua.top
      defer { lua.pop(lua.top - base) }
      lua.pushLoadedModules()
      for part in parts {
        guard lua.type(at: -1) == .table else { return nil }
        lua.rawField(part, of: -1)
      }
      guard !lua.isNil(at: -1) else { return nil }
    } else if !StandardLibrary.functions.contains(name) {
      return nil
    }
    return "\(name): \(manual)pdf-\(name)\n"
  }

  /// The comment above a function, from its file.
  private static func comment(above place: String) -> [String] {
    guard let colon = place.lastIndex(of: ":"), let line = Int(place[place.index(after: colon)...]),
      let text = try? Files.text(String(place[..<colon]))
    else { return [] }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).prefix(line - 1)
    return lines.reversed().prefix { $0.hasPrefix("--") }.reversed().map { line in
      String(line.drop { $0 == "-" }.drop { $0 == " " })
    }
  }
}
