import LuaKit
import Suite

/// Runs the scripts of fragments in a Lua universe of their own, with nothing but the names that teuthology gives them:
/// no files, no modules, no way to load code. Data goes in and out by value.
struct MergeScripts: FragmentScripts {
  private let lua: LuaState

  init() throws { lua = try LuaState.make() }

  /// Ends the universe.
  func close() { lua.close() }

  /// What a script may call (teuthology's suite/fragment-generator.lua allows these of Lua's own).
  private static let allowed = ["assert", "error", "ipairs", "next", "pairs", "tonumber", "tostring", "math", "string"]

  /// Some tenths of a second; a premerge script takes a few hundred instructions.
  private static let instructionLimit = 20_000_000

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
      let top = lua.top
      defer { lua.pop(lua.top - top) }
      // On the script's first line, so that its lines keep their numbers.
      try lua.load("local _ENV <const> = ...; " + script, name: "=" + stage.rawValue)
      try pushEnvironment(context)
      let environment = lua.top
      lua.pushCopy(at: -2)
      lua.pushCopy(at: environment)
      var accepts = true
      lua.limit(instructions: Self.instructionLimit)
      defer { lua.limit(instructions: nil) }
      do throws(LuaError) {
        try lua.call(arguments: 1, results: nil)
        // Without a return a script accepts; what it returns counts by truth.
        if lua.top > environment {
          accepts = !lua.isNil(at: environment + 1) && (try? Bool.read(lua, at: environment + 1)) != false
        }
      } catch {
        guard let verdict = error.underlying as? Verdict else { throw error }
        accepts = verdict.accepts
        if !accepts { context.reject(line: verdict.line, reason: verdict.reason) }
      }
      try takeBack(&context, from: environment)
      return accepts
    } catch let error as LuaError {
      throw .script(Self.failure(error, stage))
    } catch let error as LuaMismatch {
      throw .script(ScriptFailure(stage: stage, message: error.message))
    } catch {
      throw .script(ScriptFailure(stage: stage, message: String(describing: error)))
    }
  }

  private func pushEnvironment(_ context: MergeContext) throws {
    lua.newTable()
    let environment = lua.top
    for name in Self.allowed {
      try lua.getGlobal(name)
      lua.rawSet(name, of: environment)
    }
    lua.push(function: { lua in
      throw Verdict(accepts: false, line: Self.line(lua.location()), reason: lua.string(at: 1))
    })
    lua.rawSet("reject", of: environment)
    lua.push(function: { _ in throw Verdict(accepts: true) })
    lua.rawSet("accept", of: environment)
    var values: [(String, YAMLValue)] = context.globals.map { ($0.key, $0.value) }
    values += [("yaml", context.yaml), ("base_config", context.baseConfig)]
    if let fragment = context.yamlFragment { values.append(("yaml_fragment", fragment)) }
    for (name, value) in values {
      lua.push(LuaValue(value))
      lua.rawSet(name, of: environment)
    }
  }

  /// Takes over what the script changed.
  private func takeBack(_ context: inout MergeContext, from environment: Int32) throws {
    func changed(_ name: String, _ before: YAMLValue) throws -> YAMLValue {
      YAMLValue(try lua.read(field: name, of: environment), from: before)
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
