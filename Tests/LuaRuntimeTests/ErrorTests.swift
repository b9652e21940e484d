import LuaKit
import LuaRuntime
import Testing

extension RuntimeTests {
  @Suite struct Errors {
    @Test func anErrorKeepsItsIdentityThroughTasksAndRethrows() throws {
      let error = try failure(
        of: """
          local t = task.spawn(function()
            local ok, e = pcall(test.fail, 4)
            error(e)
          end)
          task.all { function() test.call(function() t:await() end) end }
          """)
      #expect(error.underlying as? Boom == Boom(code: 4))
      #expect(error.message == "boom 4")
    }

    @Test func valuesRaisedByScriptsStayWhatTheyAre() throws {
      try run(
        """
        local object = setmetatable({}, { __tostring = function() return "mine" end })
        local t = task.spawn(error, object)
        assert(select(2, pcall(t.await, t)) == object)
        assert(select(2, pcall(task.all, { function() error(object) end })) == object)
        assert(select(2, pcall(task.timeout, 1, function() error(nil) end)) == nil)
        assert(select(2, pcall(task.all, { function() error "text" end })) == "t.lua:6: text")
        """)
      #expect(try failure(of: "error(setmetatable({}, {__tostring = function() return 'own' end}))").message == "own")
      #expect(try failure(of: "error 'plain'").message == "t.lua:1: plain")
    }

    @Test func tracebacksGoOnInTheTaskThatWaited() throws {
      let error = try failure(
        of: """
          local function deep() test.fail(1) end
          local function middle() task.all { function() deep() end } end
          local t = task.spawn(middle)
          t:await()
          """)
      let lines = (error.traceback ?? "").split(separator: "\n").map { $0.trimmingPrefix("\t") }
      #expect(
        lines == [
          "stack traceback:", "t.lua:1: in upvalue 'deep'", "t.lua:2: in function <t.lua:2>", "awaited from:",
          "t.lua:2: in function <t.lua:2>", "awaited from:", "t.lua:4: in main chunk",
        ])
      #expect(error.location == "t.lua:1: ")
    }

    @Test func anErrorOfTheSameTextIsNotThatOfTheOtherTask() throws {
      let caught = "local t = task.spawn(function() error('same', 0) end)\nlocal ok, e = pcall(t.await, t)\n"
      let later = try failure(of: caught + "task.sleep(0) error('same', 0)")
      #expect(later.traceback == "stack traceback:\n\tt.lua:3: in main chunk")
      // Raised again, it is.
      let again = try failure(of: caught + "error(e, 0)")
      #expect(again.traceback?.contains("awaited from:") == true, "\(again.traceback ?? "")")
    }

    @Test func tracebacksOfStringsCrossTasksToo() throws {
      let error = try failure(
        of: """
          task.all { function()
            error "no"
          end }
          """)
      #expect(
        error.traceback == "stack traceback:\n\tt.lua:2: in function <t.lua:1>\nawaited from:\n\tt.lua:1: in main chunk"
      )
    }

    @Test func aSyntaxErrorSaysFileAndLine() throws {
      #expect(try failure(of: "local x =\n\n= 3").message == "t.lua:3: unexpected symbol near '='")
    }
  }
}
