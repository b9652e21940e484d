import LuaKit
import Suite

/// Runs the scripts of fragments in a Lua universe of their own, with nothing but the names that teuthology gives them:
/// no files, no modules, no way to load code. Data goes in and out by value.
struct MergeScripts: FragmentScripts {
  private let L: LuaState

  init() throws { L = try LuaState.make() }

  /// Ends the universe.
  func close() { L.close() }

  /// What a script may call (teuthology's suite/fragment-generator.lua allows these of Lua's own).
  private static let allowed = ["assert", "error", "ipairs", "next", "pairs", "tonumber", "tostring", "math", "string"]

  func premerge(_ script: String, context: inout MergeContext) throws(MergeError) -> Bool {
    try run(script, .premerge, &context)
  }

  func postmerge(_ script: String, context: inout MergeContext) throws(MergeError) -> Bool {
    script.isEmpty ? true : try run(script, .postmerge, &context)
  }

  /// Ends a script: raised by accept() and reject().
  private struct Verdict: Error {
    let accepts: Bool
    var line: Int?
    var reason: String?
  }

  private func run(_ script: String, _ stage: MergeStage, _ context: inout MergeContext) throws(MergeError) -> Bool {
    do {
      let top = L.top
      defer { L.pop(L.top - top) }
      // On the script's first line, so that its lines keep their numbers.
      try L.load("local _ENV <const> = ...; " + script, name: "=" + stage.rawValue)
      try pushEnvironment(context)
      let environment = L.top
      L.pushCopy(at: -2)
      L.pushCopy(at: environment)
      var accepts = true
      do throws(LuaError) {
        try L.call(arguments: 1, results: nil)
        // Without a return a script accepts; what it returns counts by truth.
        if L.top > environment { accepts = !L.isNil(at: environment + 1) && (try? Bool.read(L, at: environment + 1)) != false }
      } catch {
        guard let verdict = error.underlying as? Verdict else { throw error }
        accepts = verdict.accepts
        if !accepts { context.reject(line: verdict.line, reason: verdict.reason) }
      }
      try takeBack(&context, from: environment)
      return accepts
    } catch let error as LuaError {
      throw .script(Self.failure(error, stage))
    } catch {
      throw .script(ScriptFailure(stage: stage, message: String(describing: error)))
    }
  }

  private func pushEnvironment(_ context: MergeContext) throws {
    L.newTable()
    let environment = L.top
    for name in Self.allowed {
      try L.getGlobal(name)
      L.rawSet(name, of: environment)
    }
    L.push(function: { L in throw Verdict(accepts: false, line: Self.line(L.location()), reason: L.string(at: 1)) })
    L.rawSet("reject", of: environment)
    L.push(function: { _ in throw Verdict(accepts: true) })
    L.rawSet("accept", of: environment)
    var values: [(String, YAMLValue)] = context.globals.map { ($0.key, $0.value) }
    values += [("yaml", context.yaml), ("base_config", context.baseConfig)]
    if let fragment = context.yamlFragment { values.append(("yaml_fragment", fragment)) }
    for (name, value) in values {
      L.push(LuaValue(value))
      L.rawSet(name, of: environment)
    }
  }

  /// Takes over what the script changed.
  private func takeBack(_ context: inout MergeContext, from environment: Int32) throws {
    func changed(_ name: String, _ before: YAMLValue) throws -> YAMLValue {
      YAMLValue(try L.read(field: name, of: environment), from: before)
    }
    context.yaml = try changed("yaml", context.yaml)
    context.baseConfig = try changed("base_config", context.baseConfig)
    if let fragment = context.yamlFragment { context.yamlFragment = try changed("yaml_fragment", fragment) }
  }

  /// The line in "premerge:3: ".
  private static func line(_ location: String) -> Int? {
    let parts = location.split(separator: ":")
    return parts.count > 1 ? Int(parts[1]) : nil
  }

  private static func failure(_ error: LuaError, _ stage: MergeStage) -> ScriptFailure {
    let mark = stage.rawValue + ":"
    guard error.message.hasPrefix(mark) else { return ScriptFailure(stage: stage, message: error.message) }
    let rest = error.message.dropFirst(mark.count)
    let digits = rest.prefix { $0.isNumber }
    return ScriptFailure(stage: stage, line: Int(digits), message: String(rest.dropFirst(digits.count + 2)))
  }
}
