import CLua
import CLuaBoundary
import LuaKit
public import Suite

/// Runs the scripts of a merge in one Lua universe, in the order of the jobs, as teuthology does.
///
/// A script is compiled once and runs with an environment of its own each time. It is a coroutine: `accept()` and `reject()`
/// end it from any depth by a yield that nobody resumes.
public final class LuaScripts: FragmentScripts {
  private var universe: ScriptUniverse?

  /// Ends what runs.
  public let stopper = ScriptStopper()

  /// Scripts that can begin.
  /// The globals that a script may find.
  public static var names: Set<String> { ScriptUniverse.allNames }

  public init() {}

  deinit { stopper.attach(nil) }

  /// Bytes that Lua holds.
  public var usedMemory: Int { universe?.lua.usedMemory ?? 0 }

  /// Whether a script asked for `math.random`, so that the order of jobs counts.
  public var drewNumbers: Bool { universe?.drawn.pointee ?? false }

  public func begin(_ context: ScriptContext) throws(MergeError) {
    do throws(LuaError) {
      stopper.attach(nil)
      universe = try ScriptUniverse(context)
      stopper.attach(universe?.lua.stopper)
    } catch {
      throw .script(ScriptFailure(stage: .premerge, message: error.message))
    }
  }

  // MARK: Compiling

  private static let name = "script"
  private static let header = "local function main() do "
  private static let footer = " end return true end return main()"

  public func prepare(_ script: ScriptText, _ stage: MergeStage) throws(ScriptFailure) {
    guard let universe else { return }
    if let number = script.number, universe.pushFunction(number) {
      universe.lua.pop()
      return
    }
    do throws(LuaError) {
      try universe.lua.load(Self.header + script.text + Self.footer, name: "=" + Self.name)
    } catch {
      throw Self.failure(error.message, stage)
    }
    do throws(LuaError) {
      // What ends the wrapper and begins one of its own is no script by itself.
      try universe.lua.load(script.text, name: "=" + Self.name)
      universe.lua.pop()
    } catch {
      universe.lua.pop()
      throw Self.failure(error.message + " (the script closes the function that it stands in)", stage)
    }
    if let number = script.number {
      universe.keepFunction(number, size: script.text.utf8.count)
    } else {
      universe.lua.pop()
    }
  }

  // MARK: Running

  public func run(_ script: ScriptText, _ context: ScriptContext) throws(ScriptFailure) -> ScriptDecision {
    guard let universe else { return .accept }
    let raw = universe.raw
    let top = lua_gettop(raw)
    defer { lua_settop(raw, top) }
    universe.forgetHandles()
    if !(script.number.map { universe.pushFunction($0) } ?? false) {
      do throws(LuaError) {
        try universe.lua.load(Self.header + script.text + Self.footer, name: "=" + Self.name)
      } catch {
        throw Self.failure(error.message, context.stage)
      }
    }
    guard let thread = lua_tothread(raw, universe.thread) else { return .accept }
    universe.pushEnvironment()
    // Its one upvalue is _ENV. Of the last run nothing is left that could see the change.
    if lua_setupvalue(raw, -2, 1) == nil { lb_pop(raw, 1) }
    lua_xmove(raw, thread, 1)
    universe.heap.work = 0
    LuaState(thread).limit(instructions: ScriptUniverse.instructionLimit, seconds: ScriptUniverse.timeLimit)
    var results: Int32 = 0
    let status = lb_resume(thread, raw, lb_host_of(raw).pointee.task, 0, &results)
    defer {
      if lb_host_of(raw).pointee.limits.over != LB_WITHIN {
        // What a script has open when it passed a limit stays open: its handlers would have no limit.
        universe.renewThread()
      } else {
        lua_resetthread(thread)
        lua_settop(thread, 0)
        LuaState(thread).limit(instructions: nil)
      }
    }
    if status == LUA_YIELD { return Self.verdict(thread, results) }
    guard status == LUA_OK else {
      let text = status == LUA_ERRMEM ? "the script needs more memory than it may have" : Self.errorText(thread)
      var failure = Self.failure(text, context.stage)
      failure.line = failure.line ?? Self.currentLine(thread)
      throw failure
    }
    do throws(PythonError) {
      if results == 0 { return .reject() }
      if results > 1 { return .accept }
      return try universe.isTrue(thread, at: -1) ? .accept : .reject()
    } catch {
      throw ScriptFailure(stage: context.stage, message: "what the script returns: \(error.message)")
    }
  }

  private static func verdict(_ thread: OpaquePointer, _ results: Int32) -> ScriptDecision {
    let first = lua_gettop(thread) - results + 1
    if lua_toboolean(thread, first) != 0 { return .accept }
    let lua = LuaState(thread)
    return .reject(line: line(lua.string(at: first + 1) ?? "")?.number, reason: lua.string(at: first + 2))
  }

  public func find(_ pattern: String, in text: String) throws(ScriptFailure) -> Bool {
    guard let universe else { return false }
    let lua = universe.lua
    lua.limit(instructions: ScriptUniverse.instructionLimit, seconds: ScriptUniverse.timeLimit)
    defer { lua.limit(instructions: nil) }
    do throws(LuaError) {
      try lua.load("local text, pattern = ... return text:find(pattern) ~= nil", name: "=filter")
      lua.push(text)
      lua.push(pattern)
      try lua.call(arguments: 2, results: 1)
    } catch {
      let problem =
        switch (error.underlying as? LimitError)?.limit {
        case nil: "which it is not: \(Self.withoutPlace(error.message))"
        case .memory: "which takes more memory than it may have"
        case .instructions, .time: "which takes too long to look for"
        case .stopped: "and was stopped"
        }
      throw ScriptFailure(
        stage: .postmerge, message: "--filter-fragments takes '\(pattern)' for a Lua pattern, \(problem)")
    }
    defer { lua.pop() }
    return lua_toboolean(lua.raw, -1) != 0
  }

  // MARK: Errors

  private static func errorText(_ thread: OpaquePointer) -> String {
    let lua = LuaState(thread)
    if lua_type(thread, -1) == LUA_TNIL { return "nil" }
    return lua.describe(at: -1)
  }

  /// The line of the innermost function of the script; errors that C raises do not name it.
  private static func currentLine(_ thread: OpaquePointer) -> Int? {
    var frame = lua_Debug()
    var level: Int32 = 0
    while lua_getstack(thread, level, &frame) != 0 {
      if lua_getinfo(thread, "l", &frame) != 0, frame.currentline > 0 { return Int(frame.currentline) }
      level += 1
    }
    return nil
  }

  /// The line in "script:3: message", and the rest.
  private static func line(_ text: String) -> (number: Int, rest: Substring)? {
    guard text.hasPrefix(name + ":") else { return nil }
    let digits = text.dropFirst(name.utf8.count + 1).prefix { $0.isNumber }
    guard let number = Int(digits) else { return nil }
    return (number, text.dropFirst(name.utf8.count + digits.utf8.count + 2).drop { $0 == " " })
  }

  private static func withoutPlace(_ text: String) -> Substring {
    guard let colon = text.range(of: ": ") else { return text[...] }
    return text[colon.upperBound...]
  }

  private static func failure(_ text: String, _ stage: MergeStage) -> ScriptFailure {
    guard let (number, rest) = line(text) else { return ScriptFailure(stage: stage, message: text) }
    return ScriptFailure(stage: stage, line: number, message: String(rest))
  }
}

extension String {
  fileprivate func range(of mark: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(mark) { return start..<index(start, offsetBy: mark.count) }
      start = index(after: start)
    }
    return nil
  }
}
