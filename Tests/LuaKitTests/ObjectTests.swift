import LuaKit
import Testing

@Suite struct ObjectTests {
  @Test func scriptsUseMethodsFieldsAndClose() throws {
    try withLua { lua in
      let disk = Disk(size: 5)
      lua.push(disk)
      try lua.setGlobal("disk")
      lua.push(disk)
      try lua.setGlobal("same")
      try lua.run(
        """
        assert(disk.size == 5 and disk == same and tostring(disk) == "disk of 5")
        disk:resize(9)
        assert(disk.size == 9)
        do local d <close> = disk end
        assert(disk.size == 0)
        """)
      #expect(disk.size == 0)
    }
  }

  @Test func unknownFieldsAreErrorsThatSuggest() throws {
    try withLua { lua in
      lua.push(Disk(size: 5))
      try lua.setGlobal("disk")
      #expect(try failure(lua, "disk:reszie(1)").message == "test.disk has no field 'reszie'; did you mean 'resize'?")
      #expect(try failure(lua, "return disk.path").message == "test.disk has no field 'path'")
      #expect(try failure(lua, "disk.size = 1").message.hasPrefix("cannot set field 'size'"))
      #expect(try failure(lua, "return disk.bad").underlying as? Boom == Boom(code: 8))
    }
  }

  @Test func objectsAndClosuresAreReleased() throws {
    let living = Counter()
    try withLua { lua in
      let counted = Counted(living)
      lua.push(function: { _ in
        counted.touch()
        return 0
      })
      try lua.setGlobal("f")
      for _ in 0..<100 {
        lua.push(Disk(size: 1, counted: Counted(living)))
        lua.pop()
      }
      try lua.run("f() collectgarbage() collectgarbage()")
      #expect(living.count == 1)
    }
    #expect(living.count == 0)
  }

  @Test func foreignUserdataIsNotTakenForAnObject() throws {
    try withLua { lua in
      lua.push(function: { lua in
        let _: Disk = try lua.read(1)
        return 0
      })
      try lua.setGlobal("f")
      for value in ["io.stdout", "setmetatable({}, {})", "nil", "1"] {
        #expect(try failure(lua, "f(\(value))").message.contains("test.disk expected, got"))
      }
    }
  }

  @Test func aReferenceMayBeDroppedAnywhere() async throws {
    let lua = try LuaState.make()
    lua.newTable()
    let slots = (0..<100).map { _ in lua.reference(at: 1) }
    await Task.detached { _ = slots.count }.value
    lua.push(slots[99])
    #expect(lua.type(at: -1) == .table)
    lua.close()
  }

  @Test func metamethodsThatRaiseThrow() throws {
    try withLua { lua in
      try lua.run(
        """
        t = setmetatable({}, { __index = function(_, k) error("no " .. k, 0) end, __len = function() error "len" end,
          __tostring = function() error "ts" end, __newindex = function() error("read-only", 0) end })
        """)
      try lua.getGlobal("t")
      #expect(throws: LuaError.self) { try lua.getField("zip", of: -1) }
      #expect(throws: LuaError.self) { try lua.count(at: -1) }
      lua.push(1)
      #expect(throws: LuaError.self) { try lua.setField("x", of: -2) }
      #expect(lua.describe(at: -1) == "(a table value)")
      #expect(lua.top == 1)
    }
  }
}
