public import Host
import LuaKit
import LuaRuntime
import LuaSyntax

/// What may follow `kdevlua run` on a command line: scripts, and the options that a script declares. Scripts are read and not
/// run; one that makes up its options while it runs has none here.
public struct ScriptCompletion {
  public struct Candidate: Sendable, Equatable {
    public let text: String
    /// A few words about it; empty when there are none.
    public let help: String
  }

  /// What the shell completes by itself.
  public enum Paths: Sendable, Equatable { case files, folders }

  public private(set) var candidates: [Candidate] = []
  public private(set) var paths: Paths?
  private let host: LocalHost
  private let stdlib: Stdlib

  /// - Parameter words: what stands behind `run`; the last one is completed and may be empty.
  public init(_ words: [String], host: LocalHost, stdlib: Stdlib) {
    self.host = host
    self.stdlib = stdlib
    let current = words.last ?? ""
    // The options of `run` itself, up to the script.
    var rest = words.dropLast()[...]
    while let word = rest.first, word.hasPrefix("-") { rest = rest.dropFirst(word == "--log-format" ? 2 : 1) }
    if let script = rest.first {
      complete(current, behind: Array(rest.dropFirst()), of: script)
    } else if words.dropLast().last == "--log-format" {
      offer(["text", "json"].map { ($0, "") }, current)
    } else if current.hasPrefix("-") {
      offer(Self.ownOptions, current)
    } else {
      offer(scripts(), current)
      paths = .files
    }
  }

  private static let ownOptions = [
    ("--dry-run", "change nothing; print the shell lines"), ("--main", "run on Lua's main thread"),
    ("--quiet", "show no progress"), ("--trace", "print each command as it runs"),
    ("--log-format", "how progress is written"), ("--help", "show help"),
  ]

  private mutating func offer(_ list: [(String, String)], _ prefix: String) {
    candidates += list.filter { $0.0.hasPrefix(prefix) }.map { Candidate(text: $0.0, help: $0.1) }
  }

  // MARK: - Scripts

  /// Those of the stdlib, of the team and of the user that are made to be run: their first line says so.
  private func scripts() -> [(String, String)] {
    var found: [String: String] = [:]
    let listed = stdlib.folder.flatMap { try? Files.list($0) } ?? []
    for name in Stdlib.embeddedNames + listed where name.hasSuffix(".lua") && !name.contains("/") {
      found[name] = Self.about(stdlib.read(name) ?? [])
    }
    for folder in host.trustedFolders {
      for name in (try? Files.list(folder)) ?? [] where name.hasSuffix(".lua") {
        found[name] = (try? Files.read(folder + "/" + name)).flatMap(Self.about) ?? found[name]
      }
    }
    return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// The comment below the first line, up to its first point; nil when the file is not made to be run.
  private static func about(_ bytes: [UInt8]) -> String? {
    guard bytes.starts(with: Array("#!".utf8)) else { return nil }
    let lines = String(decoding: bytes.prefix(2000), as: UTF8.self).split(separator: "\n").dropFirst()
    let comment = lines.prefix { $0.hasPrefix("--") }.map { $0.drop { $0 == "-" || $0 == " " } }.joined(separator: " ")
    return String(comment.prefix { $0 != "." })
  }

  // MARK: - Options of a script

  private mutating func complete(_ current: String, behind words: [String], of script: String) {
    let options = declaredOptions(of: script)
    func option(_ word: String?) -> DeclaredOption? {
      options.first { "--" + $0.name == word && $0.type != "flag" }
    }
    // bash has "=" as a word of its own.
    if current == "=", let option = option(words.last) { return offer(valuesOf: option, "") }
    if words.last == "=", let option = option(words.dropLast().last) { return offer(valuesOf: option, current) }
    if let option = option(words.last) { return offer(valuesOf: option, current) }
    if let equals = current.firstIndex(of: "="), let option = option(String(current[..<equals])) {
      let head = current[...equals]
      return offer(option.choices.map { (head + $0, "") }, current)
    }
    let used = Set(words.map { String($0.prefix { $0 != "=" }) })
    offer(
      (options.map { ("--" + $0.name, $0.help) } + (options.isEmpty ? [] : [("--help", "show help")])).filter {
        !used.contains($0.0)
      }, current)
    // What a script takes besides is its own affair.
    if options.isEmpty { paths = .files }
  }

  private mutating func offer(valuesOf option: DeclaredOption, _ prefix: String) {
    if !option.choices.isEmpty { return offer(option.choices.map { ($0, "") }, prefix) }
    switch option.value {
    case "DIR", "FOLDER", "DIRECTORY": paths = .folders
    case "PATH", "FILE", "STRING", "": paths = option.type == "string" ? .files : nil
    default: break
    }
  }

  private struct DeclaredOption {
    let name: String
    let type: String
    let choices: [String]
    let value: String
    let help: String
  }

  private func declaredOptions(of script: String) -> [DeclaredOption] {
    let bytes: [UInt8]
    guard let found = try? stdlib.script(script, on: host) else { return [] }
    switch found {
    case .file(let path): bytes = (try? Files.read(path)) ?? []
    case .source(let source, _): bytes = Array(source.utf8)
    case .bytes(let source, _): bytes = source
    }
    let source = SourceText(bytes)
    guard let chunk = try? Parser.parse(source) else { return [] }
    let check = ScriptCheck(chunk, source, TypeLibrary(stdlib)) { _ in false }
    return (check.declaration?.elements ?? []).compactMap { element in
      guard case .table(let table) = element.type, case .string(let name?)? = table.elements.first?.type else {
        return nil
      }
      func text(_ field: String) -> String? {
        if case .string(let text)? = table.fields.last(where: { $0.name == field })?.type { text } else { nil }
      }
      var choices: [String] = []
      if case .table(let list)? = table.fields.last(where: { $0.name == "choices" })?.type {
        for element in list.elements { if case .string(let text?) = element.type { choices.append(text) } }
      }
      let value = text("value") ?? ""
      // "tap|user" says it as well.
      if choices.isEmpty, value.contains("|") { choices = value.split(separator: "|").map(String.init) }
      return DeclaredOption(
        name: name, type: text("type") ?? "string", choices: choices, value: value, help: text("help") ?? "")
    }
  }
}
