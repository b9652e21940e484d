import LuaKit
import Testing

@Suite struct ValueTests {
  /// What a Lua expression reads as.
  private func value(_ expression: String) throws -> LuaValue {
    try withLua { lua in
      try lua.load("return \(expression)", name: "=value")
      try lua.call(results: 1)
      return try LuaValue.read(lua, at: -1)
    }
  }

  @Test func treesAreReadInAnOrderThatDoesNotDependOnHashing() throws {
    #expect(try value("{ 1, 2.5, 'x', true }") == [1, 2.5, "x", true])
    #expect(try value("{ b = 1, a = { c = 'd' }, [10] = 0 }") == [10: 0, "a": ["c": "d"], "b": 1])
    #expect(try value("{ 'first', name = 'n' }") == [1: "first", "name": "n"])
    #expect(try value("{}").elements == [])
    #expect(try value("nil") == .nil)
    #expect(try value("'\\0\\255'") == .bytes([0, 255]))
  }

  @Test func treesGoThereAndBack() throws {
    let tree: LuaValue = ["list": [1, 2, [3, "four"]], "empty": .table([]), "n": 1.5, "b": false]
    try withLua { lua in
      lua.push(tree)
      let back = try LuaValue.read(lua, at: -1)
      #expect(back["list"] == tree["list"])
      #expect(back["n"].double == 1.5)
      #expect(back["b"].bool == false)
      #expect(back["list"][3][2].text == "four")
      #expect(lua.top == 1)
    }
  }

  @Test func whatIsNoDataIsRefusedWithItsPlace() throws {
    func reason(_ expression: String) -> String {
      do { return "\(try value(expression))" } catch { return (error as? LuaMismatch)?.message ?? "\(error)" }
    }
    #expect(reason("{ a = { 1, print } }") == "field 'a[2]': plain data expected, got function")
    #expect(reason("io.stdout") == "plain data expected, got FILE*")
    #expect(
      reason("(function() local t = {} t.x = { t } return t end)()") == "field 'x[1]': a table that contains itself")
    #expect(
      reason("(function() local t = {} for _ = 1, 5000 do t = { t } end return t end)()")
        .hasSuffix("tables nested deeper than 100"))
    #expect(reason("{ [{}] = 1 }").hasSuffix("a table as a key"))
  }

  @Test func typedValuesGoThereAndBack() throws {
    try withLua { (lua: LuaState) throws in
      lua.push([UInt8]([0, 200, 10]))
      #expect(try lua.read(1) as [UInt8] == [0, 200, 10])
      lua.push(["a": [1, 2], "b": []])
      #expect(try lua.read(2) as [String: [Int]] == ["a": [1, 2], "b": []])
      lua.push("" as String?)
      lua.push(nil as Int?)
      #expect(try lua.read(3) as String == "")
      #expect(try lua.read(4) as Int? == nil)
      #expect(try lua.read(9) as Bool? == nil)
      lua.push(5)
      #expect(try lua.read(5) as String == "5")
      #expect(lua.type(at: 5) == .number)
      #expect(throws: ArgumentError.self) { try lua.read(5) as Bool }
    }
  }

  @Test func anExpressionShowsAsLuaWouldWriteIt() throws {
    #expect("\(LuaValue.table([.init("a b", 1), .init("c", ["x\"", nil])]))" == #"{["a b"] = 1, c = {"x\"", nil}}"#)
  }
}
