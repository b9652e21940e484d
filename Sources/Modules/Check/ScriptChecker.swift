public import Host
import LuaKit
import LuaSyntax

/// Looks for mistakes in scripts without running them.
public struct ScriptChecker {
  private let library: TypeLibrary
  private let host: LocalHost
  private let stdlib: Stdlib

  public init(host: LocalHost, stdlib: Stdlib) {
    self.host = host
    self.stdlib = stdlib
    library = TypeLibrary(stdlib)
  }

  /// What is wrong in a script, in the order of its text. A syntax error is told in Lua's own words, and then it is the only
  /// finding.
  /// - Parameters:
  ///   - bytes: the script; a first line that begins with "#" is passed over.
  ///   - name: what Lua calls the script in a syntax error.
  ///   - folder: where `require` looks first.
  public func check(_ bytes: [UInt8], name: String, folder: String) throws -> [ScriptFinding] {
    let source = SourceText(bytes)
    let chunk: Chunk?
    let failure: SyntaxError?
    do throws(SyntaxError) {
      chunk = try Parser.parse(source)
      failure = nil
    } catch {
      chunk = nil
      failure = error
    }
    if let error = try loadError(source, name) { return [Self.finding(error, name, source, failure)] }
    // What Lua takes and we do not is our mistake, not the script's.
    guard let chunk else { return [] }
    let check = ScriptCheck(chunk, source, library) { hasFile($0, besides: folder) }
    let off = Self.linesSwitchedOff(chunk, source)
    return check.findings.filter { finding in !off.contains { $0.contains(finding.line) } }
  }

  /// What Lua says of the text; nil when it is a chunk.
  private func loadError(_ source: SourceText, _ name: String) throws -> String? {
    let lua = try LuaState.make()
    defer { lua.close() }
    do throws(LuaError) {
      try lua.load(source.bytes[source.start...], name: "@" + name)
      return nil
    } catch {
      return error.message
    }
  }

  /// `NAME:LINE: MESSAGE`, with the column that our own parser found when it stopped in the same line.
  private static func finding(_ error: String, _ name: String, _ source: SourceText, _ failure: SyntaxError?)
    -> ScriptFinding
  {
    var (line, message) = (1, error)
    // The name may have colons and numbers itself, and Lua shortens a long one at its front.
    let parts = error.split(separator: ":", omittingEmptySubsequences: false)
    for position in parts.indices.dropFirst() {
      let place = parts[..<position].joined(separator: ":")
      guard let number = Int(parts[position]),
        place == name || place.hasPrefix("...") && name.hasSuffix(place.dropFirst(3))
      else { continue }
      line = number
      message = parts[(position + 1)...].joined(separator: ":")
      break
    }
    let own = failure.map { source.position(of: $0.offset) }
    return ScriptFinding(
      severity: .error, code: "syntax", line: line, column: own?.line == line ? own?.column ?? 1 : 1,
      message: String(message.drop { $0 == " " }), hint: nil)
  }

  /// Whether `require` finds a file of that name before kdev's own.
  private func hasFile(_ module: String, besides folder: String) -> Bool {
    let path = module.split(separator: ".").joined(separator: "/")
    let home = host.options.environment["HOME"]
    let folders =
      [folder] + host.teamFolders + ["/usr/local/share/lua/5.4", "/usr/share/lua/5.4"]
      + (home.map { [$0 + "/.luarocks/share/lua/5.4"] } ?? [])
    let templates =
      (host.options.environment["LUA_PATH_5_4"] ?? host.options.environment["LUA_PATH"] ?? "")
      .split(separator: ";").map(String.init)
    return folders.contains { Files.exists("\($0)/\(path).lua") || Files.exists("\($0)/\(path)/init.lua") }
      || templates.contains { Files.exists($0.replacing("?", with: path)) }
      || (!library.isModule(module) && stdlib.module(module) != nil)
  }

  /// lua-language-server's comments: `---@diagnostic disable-line`, `disable-next-line`, and `disable` up to `enable`.
  private static func linesSwitchedOff(_ chunk: Chunk, _ source: SourceText) -> [ClosedRange<Int>] {
    var ranges: [ClosedRange<Int>] = []
    var open: Int?
    for directive in chunk.directives {
      let line = source.position(of: directive.offset).line
      switch directive.text.dropFirst("---@diagnostic".count).drop(while: { $0 == " " }).prefix(while: {
        $0.isLetter || $0 == "-"
      }) {
      case "disable-line": ranges.append(line...line)
      case "disable-next-line": ranges.append(line + 1...line + 1)
      case "disable": open = open ?? line
      case "enable":
        if let start = open { ranges.append(start...line) }
        open = nil
      default: break
      }
    }
    if let open { ranges.append(open...Int.max) }
    return ranges
  }
}

extension ScriptChecker {
  /// The scripts that a path stands for: itself, or all `*.lua` files in a folder and those below it, sorted. Hidden folders
  /// are left out.
  public static func scripts(at path: String) throws(HostError) -> [String] {
    guard Files.isFolder(path) else { return [path] }
    var found: [String] = []
    for name in try Files.list(path) where !name.hasPrefix(".") {
      let inner = (path.hasSuffix("/") ? path : path + "/") + name
      if Files.isFolder(inner) {
        // A link may lead back up.
        if Files.linkTarget(inner) == nil { found += try scripts(at: inner) }
      } else if name.hasSuffix(".lua") {
        found.append(inner)
      }
    }
    return found
  }
}
