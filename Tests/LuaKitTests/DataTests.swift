import LuaKit
import Testing

/// What data formats have beside Lua's own values.
@Suite struct DataTests {
  @Test func nullIsOneValueThatIsNotNil() throws {
    try withLua { lua in
      lua.pushNull()
      try lua.setGlobal("null")
      lua.pushNull()
      try lua.setGlobal("again")
      try lua.load("return null == again and null ~= nil and ({ [null] = 1 })[again] == 1", name: "=test")
      try lua.call(results: 1)
      #expect(try lua.read(-1) == true)
      lua.pushNull()
      #expect(lua.isNull(at: -1))
      lua.pushNil()
      #expect(!lua.isNull(at: -1))
    }
  }

  @Test func aMarkedListIsToldFromOtherTablesWithAMetatable() throws {
    try withLua { lua in
      try lua.load("return {}, {}, setmetatable({}, {})", name: "=test")
      try lua.call(results: 3)
      let first = lua.absolute(-3)
      lua.markList(at: first)
      #expect([0, 1, 2].map { lua.isMarkedList(at: first + $0) } == [true, false, false])
      #expect([0, 1, 2].map { lua.hasMetatable(at: first + $0) } == [true, false, true])
      #expect(lua.top == first + 2)
    }
  }

  @Test(arguments: ["restart", "stop"])
  func theCollectorIsAfterwardsAsItWasBefore(_ state: String) throws {
    try withLua { lua in
      func isRunning() throws -> Bool {
        try lua.load("return collectgarbage 'isrunning'", name: "=test")
        try lua.call(results: 1)
        defer { lua.pop() }
        return try lua.read(-1)
      }
      try lua.run("collectgarbage '\(state)'")
      #expect(try lua.withoutCollector(isRunning) == false)
      #expect(try isRunning() == (state == "restart"))
    }
  }
}
