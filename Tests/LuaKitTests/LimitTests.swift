import LuaKit
import Testing

/// What `source` fails with in a limited state, nil when it does not.
private func failure(
  _ source: String, memory: Int? = 32 << 20, instructions: Int? = 2_000_000, seconds: Double? = nil
) throws -> LuaError? {
  let lua = try LuaState.makeLimited(memory: memory)
  defer { lua.close() }
  try lua.load(source, name: "=script")
  lua.limit(instructions: instructions, seconds: seconds)
  do { try lua.call() } catch { return error }
  return nil
}

private func limit(
  _ source: String, memory: Int? = 32 << 20, instructions: Int? = 2_000_000, seconds: Double? = nil
) throws -> LimitError.Limit? {
  let error = try failure(source, memory: memory, instructions: instructions, seconds: seconds)
  return (error?.underlying as? LimitError)?.limit
}

@Suite struct LimitTests {
  @Test(arguments: [
    "while true do end",
    "pcall(function() while true do end end)",
    "while true do pcall(error) end",
    "local co = coroutine.wrap(function() while true do end end) co()",
    "coroutine.resume(coroutine.create(function() while true do end end)) return 1",
    "local t <close> = setmetatable({}, {__close = function() while true do end end}) error 'x'",
    "xpcall(error, function() while true do end end)",
    "local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
    "load(function() return ' ' end) while true do end",
  ])
  func aLoopEndsAtTheInstructionLimitAndNothingCatchesIt(_ source: String) throws {
    #expect(try limit(source) == .instructions)
  }

  /// Close handlers that run after a limit was passed: in the coroutine where it was, from others, and without end.
  static let handlersWithoutEnd = [
    """
    coroutine.wrap(function() local x <close> = loop while true do end end)()
    """,
    """
    local co = coroutine.create(function() local x <close> = loop while true do end end)
    local outer <close> = setmetatable({}, {__close = function() coroutine.close(co) end})
    coroutine.resume(co)
    while true do end
    """,
    """
    local co = coroutine.create(function() local x <close> = loop coroutine.yield() end)
    coroutine.resume(co)
    coroutine.close(co)
    return 1
    """,
    """
    local inner = coroutine.wrap(function() local x <close> = loop coroutine.yield() while true do end end)
    inner()
    coroutine.wrap(function() local y <close> = loop inner() end)()
    """,
    """
    local meta, again = {}
    again = setmetatable({}, meta)
    function meta.__close() local x <close> = again while true do end end
    local x <close> = again
    while true do end
    """,
    """
    local meta, again = {}
    again = setmetatable({}, meta)
    function meta.__close() pcall(coroutine.wrap(function() local x <close> = again while true do end end)) end
    local x <close> = again
    while true do end
    """,
  ].map { "local loop = setmetatable({}, {__close = function() while true do end end})\n" + $0 }

  @Test(.timeLimit(.minutes(1)), arguments: handlersWithoutEnd)
  func aCloseHandlerCannotOutliveALimit(_ source: String) throws {
    #expect(try limit(source) == .instructions)
    #expect(try limit(source, instructions: nil, seconds: 0.05) == .time)
  }

  @Test(arguments: [
    "return ('a'):rep(30):find(('a?'):rep(30) .. ('a'):rep(30))",
    "return ('a'):rep(100000):match('.-.-.-b')",
    "return ('x'):rep(1 << 20):gsub('.-y', '')",
    "for _ in ('a'):rep(100000):gmatch('a-b') do end",
    "return (''):rep(1 << 60)",
    "return string.rep('', 1 << 60, '')",
    "table.move({}, 1, math.maxinteger - 1, 2)",
    "table.insert(setmetatable({}, {__len = function() return 1 << 60 end}), 1, 0)",
    "table.remove(setmetatable({}, {__len = function() return 1 << 60 end}), 1)",
    "table.concat(setmetatable({}, {__len = function() return 1 << 60 end, __index = function() return '' end}))",
    "return load(('x = 1 '):rep(1 << 20))", "return table.unpack({}, 1, 1 << 60)",
  ])
  func workInsideOneCallIntoCIsCounted(_ source: String) throws { #expect(try limit(source) == .instructions) }

  /// Loops whose every turn works through a long text or a large table.
  static let longWork = [
    "utf8.len(s)", "utf8.offset(s, -1 << 40)", "utf8.offset(s, 1 << 40)", "s:upper()", "s:lower()", "s:reverse()",
    "local x = s .. 'x'", "local x = s == s2", "local x = s < s2", "s:byte(1, 200000)", "utf8.codepoint(s, 1, 200000)",
    "string.format('%s', s)", "string.pack('s', s)", "string.unpack('s', packed)", "s:sub(2)", "load(s)", "next(holes)",
    "table.unpack(list)", "pcall(utf8.codes('a'), continuation, 1)", "tonumber(digits)", "table.concat({s, s})",
  ]

  @Test(.timeLimit(.minutes(1)), arguments: longWork) func theClockEndsLongWorkInC(_ work: String) throws {
    let source = """
      local s = ('x'):rep(30 << 20)
      local s2, packed, list = ('x'):rep((30 << 20) - 1) .. 'x', string.pack('s', s), table.move({1}, 1, 1, 200000, {})
      for i = 1, 200000 do list[i] = i end
      local continuation, digits, holes = 'a' .. ('\\x80'):rep(1 << 20), ('1'):rep(1 << 20), {}
      for i = 1, 100000 do holes[i .. ''] = i end
      for i = 1, 100000 do holes[i .. ''] = nil end
      while true do \(work) end
      """
    let start = ContinuousClock.now
    #expect(try limit(source, memory: 256 << 20, instructions: nil, seconds: 0.5) == .time)
    #expect(ContinuousClock.now - start < .seconds(4))
  }

  @Test func goingThroughALongTextStepByStepIsNotChargedForAllOfItEachTime() throws {
    let source = """
      local s, n = string.pack('<s4', ('é'):rep(100000)), 0
      for i = 1, #s do n = n + s:byte(i) + #s:sub(i, i) end
      for _, c in utf8.codes(s:sub(5)) do n = n + c end
      for i = 1, 100000 do n = n + utf8.offset(s, 1, 5 + 2 * (i - 1)) + utf8.codepoint(s, 5) + utf8.len(s, 5, 5) end
      for i = 1, 100000 do n = n + string.unpack('B', s, i) end
      return n
      """
    #expect(try failure(source, instructions: 20_000_000) == nil)
  }

  @Test func thePlainSearchOfALongTextIsLinear() throws {
    let source = "return (('a'):rep(4 << 20)):find(('a'):rep(1 << 20) .. 'b', 1, true)"
    #expect(try failure(source) == nil)
  }

  @Test(arguments: [
    "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
    "return ('x'):rep(1 << 26)",
    "local s = 'x' while true do s = s .. s end",
    "local t = {} pcall(function() while true do t = {t, {}, {}} end end) while true do t = {t} end",
  ])
  func theAllocatorRefusesWhatIsOverTheMemoryLimit(_ source: String) throws {
    #expect(try limit(source, memory: 8 << 20, instructions: 100_000_000) == .memory)
  }

  @Test func theStateGoesOnAfterItsMemoryRanOut() throws {
    let lua = try LuaState.makeLimited(memory: 4 << 20)
    defer { lua.close() }
    #expect(throws: LuaError.self) { try lua.run("return ('x'):rep(1 << 24)") }
    try lua.run("x = ('y'):rep(1 << 20)")
    #expect(lua.usedMemory > 1 << 20)
    #expect(lua.usedMemory < 4 << 20)
  }

  @Test(arguments: [
    "while true do end", "return ('a'):rep(30):find(('a?'):rep(30) .. ('a'):rep(30))",
    "table.move({}, 1, math.maxinteger - 1, 2)",
  ])
  func theClockEndsAScriptThatHasInstructionsLeft(_ source: String) throws {
    #expect(try limit(source, instructions: nil, seconds: 0.05) == .time)
  }

  @Test func theErrorNamesThePlace() throws {
    let error = try failure("\n\nwhile true do end")
    #expect(error?.message == "script:3: the script runs too long: it used up its instructions")
  }

  @Test(arguments: [
    ("setmetatable({}, {__gc = function() end})", "script:1: a sandbox has no __gc"),
    ("getmetatable('').__index = nil", "attempt to index a string value"),
    ("return load('\\27Lua')()", "attempt to call a nil value"),
    ("return load(string.char(27) .. 'Lua', 'x', 'b')()", "attempt to call a nil value"),
    ("return io.open", "attempt to index a nil value (global 'io')"),
    ("return os.execute", "attempt to index a nil value (global 'os')"),
    ("return debug.getinfo", "attempt to index a nil value (global 'debug')"),
    ("return require 'os'", "attempt to call a nil value (global 'require')"),
    ("return string.dump(function() end)", "attempt to call a nil value (field 'dump')"),
    ("return dofile '/etc/passwd'", "attempt to call a nil value (global 'dofile')"),
    ("return package.loaded", "attempt to index a nil value (global 'package')"),
  ])
  func nothingReachesOutside(_ source: String, _ message: String) throws {
    let error = try failure(source)
    #expect(error?.message.contains(message) == true, "\(String(describing: error?.message))")
  }

  @Test func aScriptThatChangesStringDoesNotChangeWhatMethodsOfStringsDo() throws {
    #expect(try failure("string.rep = nil string = nil assert(('x'):rep(2) == 'xx')") == nil)
  }

  @Test func sharedTablesAreCopiedOnceForEachWayAndNoFurther() throws {
    let lua = try LuaState.make()
    defer { lua.close() }
    try lua.run("t = {} for _ = 1, 60 do t = {t, t} end")
    try lua.getGlobal("t")
    #expect(throws: LuaMismatch.self) { try LuaValue.read(lua, at: -1) }
  }
}

/// The matcher that counts its steps against the system's.
@Suite struct PatternTests {
  private static let pieces = [
    "a", "b", ".", "%a", "%d", "%s", "%W", "[ab]", "[^a]", "[a-c]", "[%d_]", "[]]", "[^]a]", "[a-]", "%%", "%.", "%b()",
    "%bab", "%f[%w]", "%f[^a]", "(", ")", "()", "%1", "%2", "$", "^", "[", "%", "-", "x", "%f", "%b", "[%a-z]", "\0",
  ]
  private static let suffixes = ["", "", "", "*", "+", "-", "?"]
  private static let characters = Array("aab(b)c1 _x-%.$^]").map(String.init) + ["\0", "é"]

  private func text(_ count: Int, _ random: inout some RandomNumberGenerator) -> String {
    (0..<count).map { _ in Self.characters.randomElement(using: &random)! }.joined()
  }

  @Test func itDoesWhatTheSystemsMatcherDoes() throws {
    var random = SystemRandomNumberGenerator()
    let plain = try LuaState.make()
    let limited = try LuaState.makeLimited(memory: nil)
    defer {
      plain.close()
      limited.close()
    }
    let script = """
      local subject, pattern, replacement, init = ...
      local out = {}
      local function add(...)
        local t = table.pack(...)
        for i = 1, t.n do t[i] = tostring(t[i]) end
        out[#out + 1] = table.concat(t, ',')
      end
      local function call(f, ...) add(select(2, pcall(f, ...))) end
      call(string.find, subject, pattern, init)
      call(string.find, subject, pattern, init, true)
      call(string.match, subject, pattern, init)
      call(string.gsub, subject, pattern, replacement)
      call(string.gsub, subject, pattern, replacement, 2)
      call(string.gsub, subject, pattern, {a = 'A', b = false, ab = 7})
      call(string.gsub, subject, pattern, function(...) add('f', ...) return (...) end)
      call(string.gsub, subject, pattern, 5)
      call(function()
        local n = 0
        for a, b in string.gmatch(subject, pattern, init) do
          add(a, b)
          n = n + 1
          if n > 20 then break end
        end
      end)
      return table.concat(out, ';')
      """
    for _ in 0..<8000 {
      let subject = text(Int.random(in: 0...12, using: &random), &random)
      var pattern = ""
      for _ in 0..<Int.random(in: 0...5, using: &random) {
        pattern += Self.pieces.randomElement(using: &random)! + Self.suffixes.randomElement(using: &random)!
      }
      let replacement = ["%0", "<%1>", "%2", "%%", "x", "%", "%x"].randomElement(using: &random)!
      let start = Int.random(in: -14...14, using: &random)
      var results: [String] = []
      for lua in [plain, limited] {
        try lua.load(script, name: "=script")
        lua.push(subject)
        lua.push(pattern)
        lua.push(replacement)
        lua.push(start)
        try lua.call(arguments: 4, results: 1)
        results.append(lua.string(at: -1) ?? "")
        lua.pop()
      }
      #expect(results[0] == results[1], "subject \(subject.debugDescription) pattern \(pattern.debugDescription)")
    }
  }

  @Test func patternsThatAreTooComplexSaySo() throws {
    let lua = try LuaState.makeLimited(memory: nil)
    defer { lua.close() }
    try lua.run(
      """
      local ok, message = pcall(string.find, ('a'):rep(300), ('a?'):rep(300))
      assert(not ok and message:find 'too complex', message)
      ok, message = pcall(string.find, 'a', ('()'):rep(33))
      assert(not ok and message:find 'too many captures', message)
      """)
  }
}
