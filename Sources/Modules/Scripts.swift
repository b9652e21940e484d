public import Host
public import LuaKit
public import LuaRuntime

extension Stdlib {
  /// A script by its path; when there is no such file, by its name in a team's or the user's folder, or in the stdlib.
  /// - Throws: `missing`.
  public func script(_ name: String, on host: LocalHost) throws(HostError) -> LuaScript {
    if Files.exists(name) {
      guard !Files.isFolder(name) else { throw HostError(.invalid, "\(name) is a folder, not a script") }
      return .file(name)
    }
    if !name.hasPrefix("/"), !name.split(separator: "/").contains("..") {
      for folder in host.trustedFolders where Files.exists("\(folder)/\(name)") && !Files.isFolder("\(folder)/\(name)")
      {
        return .file("\(folder)/\(name)")
      }
    }
    guard !name.hasPrefix("/"), let source = read(name) else {
      throw HostError(
        .missing,
        "there is no script \(name), here, in the team's folder .kdevlua, in ~/.config/kdevlua or in the stdlib"
          + meant(name, on: host))
    }
    // The first line of a script may be for the system: `#!/usr/bin/env -S kdevlua run`.
    let text = String(decoding: source, as: UTF8.self)
    return .source(text.hasPrefix("#") ? String(text.drop { $0 != "\n" }) : text, name: "@" + place(name))
  }
}

extension Stdlib {
  /// The scripts that may have been meant, as the end of a message: those of that name elsewhere or with an ending, else the
  /// one whose name is nearest.
  private func meant(_ name: String, on host: LocalHost) -> String {
    let plain = Self.stem(of: name)
    let found = scripts(near: name, on: host)
    var near = found.filter { Self.stem(of: $0) == plain }
    if near.isEmpty {
      let stems = found.map(Self.stem)
      let best = Suggestion.nearest(to: plain, in: stems)
      near = zip(found, stems).filter { $0.1 == best }.map(\.0)
    }
    return near.isEmpty ? "" : "; did you mean \(near.joined(separator: " or "))?"
  }

  /// The name without folder and ending.
  private static func stem(of path: String) -> String {
    let name = Files.name(of: path)
    return name.hasSuffix(".lua") ? String(name.dropLast(4)) : name
  }

  /// What `run` takes: scripts in the folder that was named, and those of the team, the user and the stdlib.
  private func scripts(near name: String, on host: LocalHost) -> [String] {
    let folder = name.contains("/") ? Files.folder(of: name) : ""
    func listed(_ folder: String) -> [String] {
      ((try? Files.list(folder)) ?? []).filter { $0.hasSuffix(".lua") && !Files.isFolder("\(folder)/\($0)") }
    }
    var found = listed(folder.isEmpty ? "." : folder).map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
    for trusted in host.trustedFolders {
      found += listed(trusted)
      for inner in (try? Files.list(trusted)) ?? [] where Files.isFolder("\(trusted)/\(inner)") {
        found += listed("\(trusted)/\(inner)").map { "\(inner)/\($0)" }
      }
    }
    // Modules are not to be run, and have no line for the system.
    let own = Self.embeddedNames.filter { !$0.contains("/") } + names(below: "workflows")
    found += own.filter { $0.hasSuffix(".lua") && read($0)?.starts(with: Array("#!".utf8)) == true }
    var seen: Set<String> = []
    return found.filter { seen.insert($0).inserted }
  }
}

/// What became of a piece of source that a person types.
public enum CompiledLine: Sendable {
  /// It is whole; an expression has been made a chunk that returns it.
  case complete(String)
  /// More has to come.
  case incomplete
  case wrong(LuaError)
}

extension LuaRuntime {
  /// Looks whether a text is a chunk or an expression, without running it.
  public func compile(_ text: String) -> CompiledLine {
    withState { lua in
      func failure(_ source: String) -> LuaError? {
        do throws(LuaError) { try lua.load(source, name: "=stdin") } catch { return error }
        return nil
      }
      guard let asExpression = failure("return " + text) else { return .complete("return " + text) }
      guard let asChunk = failure(text) else { return .complete(text) }
      // A quoted string cannot go on in another line, unless its line ends with a backslash.
      if asChunk.message.contains("unfinished string near"), !text.hasSuffix("\\") { return .wrong(asChunk) }
      // What lacks its end as either may become that: `1 +`, `if x then`.
      if asChunk.message.hasSuffix("<eof>") || asExpression.message.hasSuffix("<eof>") { return .incomplete }
      return .wrong(asChunk)
    }
  }

  /// Whether a text is no chunk, but an expression.
  public func isOnlyExpression(_ text: String) -> Bool {
    withState { lua in
      func isChunk(_ source: String) -> Bool { (try? lua.load(source, name: "=stdin")) != nil }
      return !isChunk(text) && isChunk("return " + text)
    }
  }

  /// Makes a global that becomes a module the first time it is named.
  public func define(global name: String, module: String) throws {
    try withState { lua in
      try lua.load(
        """
        local name, module = ...
        setmetatable(_G, { __index = function(t, k)
          if k == name then
            local value = require(module)
            rawset(t, k, value)
            return value
          end
        end })
        """, name: "=kdevlua")
      lua.push(name)
      lua.push(module)
      try lua.call(arguments: 2)
    }
  }
}
