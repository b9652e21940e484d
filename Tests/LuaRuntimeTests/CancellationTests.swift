import LuaKit
import LuaRuntime
import Synchronization
import Testing

extension RuntimeTests {
  @Suite struct Cancellation {
    @Test func pcallCannotSwallowACancellation() throws {
      try run(
        """
        local log = {}
        local t = task.spawn(function()
          for i = 1, 3 do
            local ok, e = pcall(task.sleep, 60)
            log[#log + 1] = tostring(ok) .. e.kind
          end
          local ok = xpcall(test.wait, function(e) log[#log + 1] = "handler " .. e.kind return e end, 60)
          log[#log + 1] = tostring(ok)
          log[#log + 1] = tostring(coroutine.resume(coroutine.create(function() task.sleep(60) end)))
          test.noop()
          log[#log + 1] = "never"
        end)
        task.sleep(0.002)
        t:cancel()
        local ok, e = pcall(t.await, t)
        assert(not ok and e.kind == "cancelled" and t:status() == "cancelled")
        assert(table.concat(log, " ") == "falsecancelled falsecancelled falsecancelled handler cancelled false false",
          table.concat(log, " "))
        """)
    }

    @Test func aLoopThatSwallowsItsCancellationIsEndedAfterAHundred() throws {
      try run(
        """
        local swallowed, closed = 0, false
        local t = task.spawn(function()
          local guard <close> = setmetatable({}, { __close = function()
            assert(not pcall(error, "close handlers catch as ever"))
            task.sleep(0.001)
            closed = true
          end })
          while true do
            if not pcall(task.sleep, 60) then swallowed = swallowed + 1 end
          end
        end)
        task.sleep(0.001)
        t:cancel()
        local ok, e = pcall(t.await, t)
        assert(not ok and e.kind == "cancelled" and t:status() == "cancelled")
        assert(swallowed >= 100 and closed, swallowed)
        """)
    }

    @Test func aTaskThatSwallowsItsCancellationDoesNotOutliveTheScript() throws {
      try run("task.spawn(function() while true do pcall(task.sleep, 1) end end) task.sleep(0)")
    }

    @Test func whatATaskSpawnsWhileTheScriptEndsIsCancelled() throws {
      try run(
        """
        closed = 0
        task.spawn(function()
          local guard <close> = setmetatable({}, { __close = function()
            local helper = task.spawn(function() task.sleep(0.001) closed = closed + 1 end)
            helper:await()
            task.spawn(task.sleep, 60)
          end })
          pcall(task.sleep, 60)
          task.spawn(test.wait, 60)
          pcall(test.wait, 60)
        end)
        local guard <close> = setmetatable({}, { __close = function() task.sleep(0.01) end })
        """)
    }

    @Test(.timeLimit(.minutes(1))) func whatAHandlerOfTheHostBeginsWhileTheScriptEndsIsCancelled() throws {
      let start = ContinuousClock.now
      try run(
        """
        task.spawn(function()
          local guard <close> = setmetatable({}, { __close = function()
            test.begin(30)
            task.sleep(0.001)
          end })
          task.sleep(60)
        end)
        task.sleep(0.001)
        """)
      #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func yieldInATaskLetsTheOthersRunAndSeesItsCancellation() throws {
      try run(
        """
        local turns, others = 0, 0
        local t = task.spawn(function() while true do coroutine.yield() turns = turns + 1 end end)
        local u = task.spawn(function() for _ = 1, 10 do task.sleep(0) others = others + 1 end end)
        u:await()
        assert(others == 10 and turns > 10, turns)
        t:cancel()
        local ok, e = pcall(t.await, t)
        assert(not ok and e.kind == "cancelled")
        assert(select("#", coroutine.yield(1, 2)) == 0)
        -- inside a coroutine it is Lua's own
        local gen = coroutine.wrap(function(a) return coroutine.yield(a + 1) end)
        assert(gen(1) == 2 and gen(5) == 5)
        """)
    }

    @Test func aTaskThatYieldsForEverDoesNotOutliveTheScript() throws {
      try run("task.spawn(function() while true do coroutine.yield() end end) task.sleep(0.01)")
    }

    @Test func whoeverCatchesACancellationInLuasLibraryDoesNotShieldTheTask() throws {
      try run(
        """
        local seen = {}
        local t = task.spawn(function()
          local gen = coroutine.create(function()
            local c <close> = setmetatable({}, { __close = function() task.sleep(1) end })
            coroutine.yield()
          end)
          coroutine.resume(gen)
          pcall(task.sleep, 60)
          seen[#seen + 1] = tostring((coroutine.close(gen)))
          seen[#seen + 1] = tostring((load(function() task.sleep(1) end)))
          seen[#seen + 1] = tostring((pcall(task.sleep, 0)))
        end)
        task.sleep(0.001)
        t:cancel()
        pcall(t.await, t)
        assert(table.concat(seen, " ") == "false nil false", table.concat(seen, " "))
        """)
    }

    @Test func closeHandlersWaitWhileACancellationUnwinds() throws {
      try run(
        """
        local log = {}
        local function closer(name)
          return setmetatable({}, { __close = function()
            task.sleep(0.002)
            test.wait(0.002)
            assert(pcall(task.sleep, 0.001))
            log[#log + 1] = name
          end })
        end
        local t = task.spawn(function()
          local a <close> = closer "a"
          pcall(function()
            local b <close> = closer "b"
            local gen = coroutine.wrap(function() local c <close> = closer "c" task.sleep(60) end)
            gen()
          end)
          local d <close> = closer "d"
          task.sleep(60)
          log[#log + 1] = "never"
        end)
        task.sleep(0.002)
        t:cancel()
        pcall(t.await, t)
        assert(table.concat(log) == "cbda", table.concat(log))
        """)
    }

    @Test func closeHandlersWaitInAGeneratorThatFails() throws {
      try run(
        """
        local log = {}
        local function closer(name)
          return setmetatable({}, { __close = function(_, e)
            task.sleep(0.001)
            test.noop()
            log[#log + 1] = name .. ":" .. tostring(e)
          end })
        end
        local function inner()
          local b <close> = closer "b"
          coroutine.yield(1)
          error("failed", 0)
        end
        local gen = coroutine.wrap(function(...)
          assert(select("#", ...) == 2)
          local a <close> = closer "a"
          for v in coroutine.wrap(inner) do coroutine.yield(v) end
        end)
        assert(gen("x", nil) == 1)
        local ok, e = pcall(gen)
        assert(not ok and e:find "failed", e)
        assert(#log == 2 and log[1] == "b:failed" and log[2]:find "^a:.*failed", table.concat(log, " "))
        ok, e = pcall(gen)
        assert(not ok and e:find "cannot resume dead coroutine", e)
        -- results, values that are no text, and an end without results
        assert(select("#", coroutine.wrap(function() return 1, nil, nil end)()) == 3)
        assert(select("#", coroutine.wrap(function() end)()) == 0)
        local object = {}
        ok, e = pcall(coroutine.wrap(function() local c <close> = closer "c" error(object) end))
        assert(not ok and e == object and #log == 3)
        """)
    }

    @Test func closeHandlersWaitAtANormalExitWithACancellationPending() throws {
      try run(
        """
        local log = {}
        local mt = { __close = function(self) task.sleep(0.001) log[#log + 1] = self[1] end }
        local t = task.spawn(function()
          local me = task.current()
          do
            local a <close> = setmetatable({ "block" }, mt)
            me:cancel()
          end
          for _ = 1, 1 do local b <close> = setmetatable({ "loop" }, mt) end
          (function() local c <close> = setmetatable({ "return" }, mt) return 1 end)()
          local probe <close> = setmetatable({}, { __close = function()
            local d <close> = setmetatable({ "nested" }, mt)
          end })
        end)
        t:await()
        assert(table.concat(log, " ") == "block loop return nested", table.concat(log, " "))
        """)
    }

    @Test func closeHandlersWaitWhileAnotherErrorUnwindsACancelledTask() throws {
      for catcher in ["pcall(%)", "xpcall(%, debug.traceback)", "(%)()"] {
        let body = """
          function()
            local a <close> = setmetatable({}, { __close = function() task.sleep(0.001) closed = true end })
            task.current():cancel()
            error "other"
          end
          """
        let call = catcher.split(separator: "%", omittingEmptySubsequences: false).joined(separator: body)
        try run(
          """
          closed = false
          local t = task.spawn(function() \(call) end)
          pcall(t.await, t)
          assert(closed, [[\(catcher)]])
          """)
      }
    }

    @Test func aFunctionThatIsNoHandlerIsNotShielded() throws {
      try run(
        """
        local function check(f)
          local t = task.spawn(function() task.current():cancel() f() error "not raised" end)
          local ok, e = pcall(t.await, t)
          assert(e.kind == "cancelled", tostring(e))
        end
        check(function() return task.sleep(0) end)
        check(function() assert(pcall(function() return task.sleep(0) end)) end)
        check(function() assert(pcall(setmetatable({}, { __call = function() task.sleep(0) end }))) task.sleep(0) end)
        check(function() local ok, e = pcall(setmetatable({}, { __call = function() task.sleep(0) end })) error(e) end)
        """)
    }

    @Test func objectsCloseWhileTheirTaskIsCancelled() throws {
      let before = Probe.closed.load(ordering: .relaxed)
      try run(
        """
        local t = task.spawn(function()
          local a <close> = test.probe()
          do local b <close> = test.probe() task.current():cancel() end
          task.sleep(60)
        end)
        pcall(t.await, t)
        """)
      #expect(Probe.closed.load(ordering: .relaxed) == before + 2)
    }

    @Test func theSwiftTaskOfAnAwaitIsCancelledAndWaitedFor() throws {
      let before = Probe.closed.load(ordering: .relaxed)
      try run(
        """
        local t = task.spawn(function() test.wait(60) end)
        task.sleep(0.002)
        t:cancel()
        assert(select(2, pcall(t.await, t)).kind == "cancelled")
        -- What was made in spite of the cancellation reaches its variable, and so is closed.
        local got
        t = task.spawn(function() local p <close> = test.stubborn() got = true task.sleep(60) end)
        task.sleep(0.002)
        t:cancel()
        pcall(t.await, t)
        assert(got)
        """)
      #expect(Probe.closed.load(ordering: .relaxed) == before + 1)
    }

    @Test func aCancelledTaskCannotTakeTheResultsOfOneThatHasEnded() throws {
      try run(
        """
        local done = task.spawn(function() return 1 end)
        done:await()
        local t = task.spawn(function()
          task.current():cancel()
          while true do done:await() end
        end)
        local ok, e = pcall(t.await, t)
        assert(not ok and e.kind == "cancelled", tostring(e))
        """)
    }

    @Test func whoeverCatchesAnEndInsideACFunctionDoesNotShieldTheTask() throws {
      let error = try failure(
        of: """
          setmetatable({}, { __gc = function() os.exit(3) end })
          collectgarbage()
          pcall(task.sleep, 0)
          error "not ended"
          """)
      #expect(error.underlying is Cancelled, "\(error)")
    }

    @Test func closingATaskCancelsItAndWaits() throws {
      try run(
        """
        local done
        do
          local t <close> = task.spawn(function()
            local x <close> = setmetatable({}, { __close = function() task.sleep(0.01) done = true end })
            task.sleep(60)
          end)
          task.sleep(0.001)
        end
        assert(done)
        """)
    }

    @Test func cancellingAWaiterCancelsItsGroupAndItsCallbacks() throws {
      try run(
        """
        local log = {}
        local function member() local ok, e = pcall(task.sleep, 60) log[#log + 1] = e.kind error(e) end
        local t = task.spawn(function() task.all { member, member, function() test.call(member) end } end)
        task.sleep(0.01)
        t:cancel()
        assert(select(2, pcall(t.await, t)).kind == "cancelled")
        assert(table.concat(log, " ") == "cancelled cancelled cancelled", table.concat(log, " "))
        """)
    }

    @Test func aTaskCancelledBeforeItsTurnNeverStarts() throws {
      try run(
        """
        local started
        local t = task.spawn(function() started = true end)
        t:cancel()
        assert(not pcall(t.await, t) and not started and t:status() == "cancelled")
        """)
    }

    @Test func tenThousandTasksCancelledAnywhereLeaveNothing() throws {
      let before = Probe.living.load(ordering: .relaxed)
      try run(
        """
        local function used()
          local n, r = 0, debug.getregistry()
          -- a free place holds the number of the next one
          for k, v in pairs(r) do if math.type(k) == "integer" and type(v) ~= "number" then n = n + 1 end end
          return n
        end
        task.all { test.noop }
        collectgarbage()
        local before = used()
        math.randomseed(1)
        local bodies = {
          function() task.sleep(math.random() / 20) end,
          function() local p <close> = test.probe() task.sleep(math.random() / 20) end,
          function() test.wait(math.random() / 20) end,
          function() test.call(function() task.sleep(math.random() / 20) end) end,
          function() task.all { function() task.sleep(math.random() / 50) end, function() test.noop() end } end,
          function() pcall(task.timeout, math.random() / 20, task.sleep, math.random() / 20) end,
          function() for _ in coroutine.wrap(function() task.sleep(math.random() / 20) coroutine.yield(1) end) do end end,
          function() task.race { function() task.sleep(math.random() / 50) end, test.noop } end,
        }
        for round = 1, 20 do
          local ts = {}
          for i = 1, 500 do ts[i] = task.spawn(bodies[math.random(#bodies)]) end
          while true do
            local alive = 0
            for _ = 1, 100 do ts[math.random(#ts)]:cancel() end
            if math.random() < 0.5 then task.sleep(math.random() / 100) end
            for i = 1, #ts do local s = ts[i]:status() if s == "waiting" then alive = alive + 1 end end
            if alive < 100 then break end
          end
          for i = 1, #ts do local ok, e = pcall(ts[i].await, ts[i]) assert(ok or e.kind == "cancelled", tostring(e)) end
        end
        collectgarbage() collectgarbage()
        task.sleep(0.01)
        assert(used() == before, used() .. " ~= " .. before)
        """)
      #expect(Probe.living.load(ordering: .relaxed) == before)
    }

    @Test(.timeLimit(.minutes(1))) func afterASecondInterruptOnlyTheHandlersOfObjectsWait() throws {
      for handler in [
        "task.sleep(60)", "test.wait(60)", "task.queue():get()", "while true do end",
        "task.spawn(task.sleep, 60):await()",
        "task.all { function() test.wait(60) end }", "pcall(task.sleep, 60) pcall(test.wait, 60)",
        "local t <close> = task.spawn(function() local y <close> = forever task.sleep(60) end) task.sleep(60)",
      ] {
        let before = Probe.closed.load(ordering: .relaxed)
        let interrupter = Task.detached {
          try await Task.sleep(for: .milliseconds(40))
          LuaRuntime.interrupt()
          try await Task.sleep(for: .milliseconds(40))
          LuaRuntime.hurry()
        }
        let start = ContinuousClock.now
        let error = try failure(
          of: """
            forever = setmetatable({}, { __close = function() task.sleep(60) end })
            task.spawn(function() local p <close> = test.probe() local y <close> = forever task.sleep(60) end)
            local p <close> = test.probe()
            local x <close> = setmetatable({}, { __close = function() \(handler) end })
            local q <close> = test.probe()
            task.sleep(60)
            """)
        interrupter.cancel()
        #expect(error.underlying is Cancelled, "\(handler): \(error)")
        #expect(ContinuousClock.now - start < .seconds(20), "\(handler)")
        #expect(Probe.closed.load(ordering: .relaxed) == before + 3, "\(handler)")
      }
    }

    @Test func anInterruptStopsALoopThatNeverWaits() throws {
      for loop in [
        "while true do end", "task.all { function() while true do end end }",
        "coroutine.wrap(function() while true do pcall(function() while true do end end) task.sleep(0) end end)()",
        "task.sleep(60)", "test.wait(60)",
      ] {
        let interrupter = Task.detached {
          try await Task.sleep(for: .milliseconds(60))
          LuaRuntime.interrupt()
        }
        let error = try failure(
          of: "local x <close> = setmetatable({}, { __close = function() task.sleep(0.01) end })\n\(loop)")
        interrupter.cancel()
        #expect(error.underlying as? Cancelled == Cancelled(interrupted: true), "\(loop): \(error)")
        #expect(error.message == "interrupted")
      }
    }
  }
}
