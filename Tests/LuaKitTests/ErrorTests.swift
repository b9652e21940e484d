import LuaKit
import Testing

@Suite struct ErrorTests {
  @Test func aSwiftErrorKeepsItsIdentityThroughLua() throws {
    try withLua { lua in
      lua.push(function: { _ in throw Boom(code: 7) })
      try lua.setGlobal("fail")
      let error = try failure(lua, "local ok, e = pcall(fail)\nassert(e.kind == 'Boom')\nerror(e)")
      #expect(error.underlying as? Boom == Boom(code: 7))
      #expect(error.message == "boom 7")
      #expect(lua.top == 0)
      // And once more through Swift and back.
      lua.push(function: { lua in
        lua.pushCopy(at: 1)
        try lua.call()
        return 0
      })
      try lua.setGlobal("again")
      #expect(try failure(lua, "again(function() again(fail) end)").underlying as? Boom == Boom(code: 7))
    }
  }

  @Test func throwingUnwindsSwiftFrames() throws {
    let living = Counter()
    try withLua { lua in
      lua.push(function: { _ in
        let counted = Counted(living)
        defer { counted.touch() }
        throw Boom(code: 1)
      })
      try lua.setGlobal("fail")
      try lua.run("for _ = 1, 1000 do assert(not pcall(fail)) end")
      #expect(living.count == 0)
    }
  }

  @Test func scriptsReadTheFieldsOfAnError() throws {
    try withLua { lua in
      lua.push(function: { _ in throw CommandError() })
      try lua.setGlobal("fail")
      try lua.run(
        """
        local ok, e = pcall(function() fail() end)
        assert(e.kind == "process" and e.message == "qemu-img failed" and e.status == 1 and e.command[2] == "create")
        assert(e.cause.kind == "Boom" and e.hint == nil and e.traceback == nil)
        assert(tostring(e) == "t.lua:1: qemu-img failed", tostring(e))
        assert(getmetatable(e) == "locked")
        """, name: "@t.lua")
    }
  }

  @Test func valuesRaisedByScriptsStayWhatTheyAre() throws {
    try withLua { lua in
      lua.push(function: { lua in
        lua.pushCopy(at: 1)
        try lua.call()
        return 0
      })
      try lua.setGlobal("through")
      try lua.run(
        """
        local t = {}
        assert(select(2, pcall(through, function() error(t) end)) == t)
        assert(select(2, pcall(through, function() error "s" end)) == "t.lua:3: s")
        assert(select(2, pcall(through, function() error "\\xff" end)) == "t.lua:4: \\xff")
        assert(select(2, pcall(through, function() error() end)) == nil)
        """, name: "@t.lua")
    }
  }

  @Test func argumentErrorsAreWordedAsLuasOwn() throws {
    try withLua { lua in
      lua.push(function: { lua in
        let _: Int = try lua.read(1)
        let _: [String]? = try lua.read(2)
        return 0
      })
      try lua.setGlobal("f")
      lua.push(Disk(size: 1))
      try lua.setGlobal("disk")
      func message(_ source: String) throws -> String {
        try lua.run("ok, e = pcall(function() \(source) end)", name: "@t.lua")
        try lua.getGlobal("e")
        defer { lua.pop() }
        return lua.describe(at: -1)
      }
      #expect(try message("f({})") == "t.lua:1: bad argument #1 to 'f' (integer expected, got table)")
      #expect(try message("f()") == "t.lua:1: bad argument #1 to 'f' (integer expected, got no value)")
      #expect(try message("f(1.5)") == "t.lua:1: bad argument #1 to 'f' (number has no integer representation)")
      #expect(
        try message("f(1, { 'a', {} })")
          == "t.lua:1: bad argument #2 to 'f' (field '[2]': string expected, got table)")
      #expect(try message("disk:resize 'x'") == "t.lua:1: bad argument #1 to 'resize' (integer expected, got string)")
      #expect(try message("disk.resize {}") == "t.lua:1: bad argument #1 to 'resize' (test.disk expected, got table)")
    }
  }

  @Test func tracebacksNameScriptLinesOnly() throws {
    try withLua { lua in
      let error = try failure(lua, "local function f() error 'x' end\nlocal function g() f() end\npcall(print)\ng()")
      #expect(
        error.traceback
          == "stack traceback:\n\tt.lua:1: in upvalue 'f'\n\tt.lua:2: in local 'g'\n\tt.lua:4: in main chunk")
    }
  }

  @Test func protectedCallsReplaceLuasExactly() throws {
    try withLua { lua in
      try lua.run(
        """
        assert(select("#", pcall(function() end)) == 1)
        assert(select("#", pcall(function() return nil, nil end)) == 3)
        assert(select(2, pcall(pcall)):find "bad argument #1 to 'pcall' %(value expected%)")
        assert(select(2, pcall(xpcall, print)):find "bad argument #2 to 'xpcall' %(function expected, got no value%)")
        local ok, a, b = xpcall(function(...) return ... end, print, 1, 2)
        assert(ok and a == 1 and b == 2)
        local ok, e = xpcall(error, function(e) return "h " .. e end, "x", 0)
        assert(not ok and e == "h x")
        ok, e = xpcall(error, function(e) error "again" end)
        assert(not ok)
        local co = coroutine.wrap(function() return pcall(function() coroutine.yield(1) error "e" end) end)
        assert(co() == 1)
        ok, e = co()
        assert(not ok and e:find "e$")
        assert(not pcall(string.rep, "x", -1, {}))
        local function recurse() return 1 + recurse() end
        ok, e = pcall(recurse)
        assert(not ok and e:find "stack overflow")
        assert(not pcall(setmetatable({}, { __call = function() error "called" end })))
        """)
    }
  }
}
