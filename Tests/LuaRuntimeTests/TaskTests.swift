import LuaKit
import LuaRuntime
import Testing

extension RuntimeTests {
  @Suite struct Tasks {
    @Test func allRunsTogetherAndGivesTheFirstResultOfEach() throws {
      let start = ContinuousClock.now
      try run(
        """
        local a, b, c = task.all {
          function() task.sleep(0.15) return 1, "dropped" end,
          function() task.sleep(0.15) end,
          function() return 3 end }
        assert(a == 1 and b == nil and c == 3)
        assert(select("#", task.all {}) == 0)
        """)
      #expect(ContinuousClock.now - start < .milliseconds(290))
    }

    @Test func aFailureInAllCancelsTheOthersAndWaitsForThem() throws {
      try run(
        """
        local log = {}
        local function closer(name)
          return setmetatable({}, { __close = function(_, e)
            task.sleep(0.01)
            log[#log + 1] = name .. ":" .. tostring(e and e.kind or e)
          end })
        end
        local ok, e = pcall(task.all, {
          function() local x <close> = closer "a" task.sleep(60) end,
          function() local x <close> = closer "b" test.wait(60) end,
          function() local x <close> = closer "c" task.sleep(0.01) test.fail(3) end })
        assert(not ok and e.kind == "Boom", tostring(e))
        table.sort(log)
        assert(table.concat(log, " ") == "a:cancelled b:cancelled c:Boom", table.concat(log, " "))
        """)
    }

    @Test func raceGivesTheFirstOutcomeAndCancelsTheRest() throws {
      try run(
        """
        local cancelled
        local a, b = task.race {
          function() local ok, e = pcall(task.sleep, 60) cancelled = e.kind error(e) end,
          function() task.sleep(0.01) return "won", 2 end }
        assert(a == "won" and b == 2 and cancelled == "cancelled")
        local ok, e = pcall(task.race, { function() task.sleep(60) end, function() error({ 7 }) end })
        assert(not ok and e[1] == 7)
        assert(not pcall(task.race, {}))
        """)
    }

    @Test func timeoutRaisesItsOwnErrorAndPassesResultsOn() throws {
      try run(
        """
        local ok, e = pcall(task.timeout, 0.02, function() task.sleep(60) end)
        assert(not ok and e.kind == "timeout" and e.seconds == 0.02, tostring(e))
        local a, b = task.timeout(5, function(...) task.sleep(0.001) return ... end, 1, 2)
        assert(a == 1 and b == 2)
        ok, e = pcall(task.timeout, 5, function() error("own", 0) end)
        assert(e == "own")
        """)
    }

    @Test func aScopeWaitsForWhatIsSpawnedInIt() throws {
      try run(
        """
        local log = {}
        local a, b, c = task.scope(function(...)
          task.spawn(function()
            task.sleep(0.004)
            task.spawn(function() task.sleep(0.004) log[#log + 1] = "grandchild" end)
            log[#log + 1] = "child"
          end)
          -- also by a function that the host calls
          test.call(function() task.spawn(function() task.sleep(0.001) log[#log + 1] = "callback's" end) end)
          local gone = task.spawn(task.sleep, 60)
          gone:cancel()
          log[#log + 1] = "body"
          return select("#", ...), ...
        end, 1, nil)
        assert(a == 2 and b == 1 and c == nil)
        assert(table.concat(log, " ") == "body callback's child grandchild", table.concat(log, " "))
        assert(select("#", task.scope(function() end)) == 0)
        assert(not pcall(task.scope))
        """)
    }

    @Test func anErrorInAScopeCancelsAllOfIt() throws {
      let aftermath = try run(
        """
        local log = {}
        local function waits(name)
          local x <close> = setmetatable({}, { __close = function(_, e)
            task.sleep(0.002)
            log[#log + 1] = name .. ":" .. e.kind
          end })
          task.sleep(60)
        end
        local ok, e = pcall(task.scope, function()
          task.spawn(waits, "a")
          task.spawn(function() task.sleep(0.002) test.fail(4) end)
          waits "body"
        end)
        assert(not ok and e.kind == "Boom" and e.message == "boom 4", tostring(e))
        ok, e = pcall(task.scope, function() task.spawn(waits, "b") task.sleep(0.001) error { 7 } end)
        assert(not ok and e[1] == 7)
        -- the body ended before
        ok, e = pcall(task.scope, function()
          task.spawn(waits, "c")
          task.spawn(function() task.sleep(0.002) error("late", 0) end)
        end)
        assert(not ok and e == "late", tostring(e))
        table.sort(log)
        assert(table.concat(log, " ") == "a:cancelled b:cancelled body:cancelled c:cancelled", table.concat(log, " "))
        -- from outside
        local t = task.spawn(function() task.scope(function() task.spawn(waits, "d") end) end)
        task.sleep(0.002)
        t:cancel()
        ok, e = pcall(t.await, t)
        assert(not ok and e.kind == "cancelled" and log[5] == "d:cancelled", log[5])
        ok, e = pcall(task.timeout, 0.005, task.scope, function() task.spawn(waits, "e") task.spawn(waits, "f") end)
        assert(not ok and e.kind == "timeout" and #log == 7)
        -- scopes in scopes
        ok, e = pcall(task.scope, function()
          task.spawn(waits, "g")
          task.scope(function() task.spawn(function() test.fail(5) end) end)
        end)
        assert(not ok and e.message == "boom 5" and log[8] == "g:cancelled")
        """)
      #expect(aftermath.unawaited.isEmpty)
    }

    @Test func whatIsSpawnedInAGroupDoesNotOutliveIt() throws {
      try run(
        """
        local ended = 0
        local function stray()
          local x <close> = setmetatable({}, { __close = function()
            task.sleep(0.001)
            -- not by its handlers either
            task.spawn(function()
              local y <close> = setmetatable({}, { __close = function() ended = ended + 1 end })
              task.sleep(60)
            end)
            task.sleep(0.001)
            ended = ended + 1
          end })
          task.sleep(60)
        end
        local function spawns() task.spawn(stray) task.sleep(0.001) return 5 end
        assert(task.all { spawns, spawns } == 5 and ended == 4, ended)
        assert(task.race { spawns } == 5 and ended == 6, ended)
        assert(task.any { spawns } == 5 and ended == 8, ended)
        assert(task.timeout(60, spawns) == 5 and ended == 10, ended)
        local ok, e = pcall(task.timeout, 0.005, function() spawns() task.sleep(60) end)
        assert(not ok and e.kind == "timeout" and ended == 12, ended)
        -- outside of groups it belongs to the script
        local t = task.spawn(function() return task.spawn(function() task.sleep(0.002) return 3 end) end)
        assert(t:await():await() == 3)
        """)
    }

    @Test func aTaskThatWaitsForItsOwnScopeIsAnError() throws {
      try run(
        """
        local outer = task.current()
        local ok, e = pcall(task.scope, function() task.spawn(function() outer:await() end) end)
        assert(not ok and e.kind == "await", tostring(e))
        local queue = task.queue()
        ok, e = pcall(task.scope, function() task.spawn(function() queue:get() end) end)
        assert(not ok and e.kind == "deadlock", tostring(e))
        -- what a group is left with
        local handler
        task.all { function()
          task.spawn(function()
            local x <close> = setmetatable({}, { __close = function() handler = select(2, pcall(queue.get, queue)).kind end })
            task.sleep(60)
          end)
          task.sleep(0.001)
        end }
        assert(handler == "deadlock", handler)
        """)
    }

    @Test func moreResultsThanAStackHoldsAreAnError() throws {
      try run(
        """
        local values = table.move({ 0 }, 1, 1, 600000, {})
        local function many() task.sleep(0) return table.unpack(values, 1, 600000) end
        local t = task.spawn(many)
        for _ = 1, 2 do
          local ok, e = pcall(t.await, t)
          assert(not ok and tostring(e):find "too many results", tostring(e))
        end
        local ok, e = pcall(task.timeout, 60, many)
        assert(not ok and tostring(e):find "too many results", tostring(e))
        """)
    }

    @Test func aTimeoutThatItsBodyCatchesIsNone() throws {
      try run(
        """
        local value = task.timeout(0.002, function()
          local ok, e = pcall(task.sleep, 60)
          return e.kind
        end)
        assert(value == "cancelled")
        """)
    }

    @Test func spawnPassesArgumentsAndAwaitGivesAllResultsAgainAndAgain() throws {
      try run(
        """
        local t = task.spawn(function(...) task.sleep(0.001) return select("#", ...), ... end, 1, nil, "x")
        assert(t:status() == "waiting" and tostring(t):match "^kdev.Task %d+ %(waiting%)$")
        for _ = 1, 2 do
          local n, a, b, c = t:await()
          assert(n == 3 and a == 1 and b == nil and c == "x")
        end
        assert(t:status() == "done")
        local f = task.spawn(error, "no", 0)
        assert(select(2, pcall(f.await, f)) == "no" and select(2, pcall(f.await, f)) == "no")
        assert(f:status() == "failed")
        local me = task.current()
        assert(me == task.current() and me:status() == "running")
        assert(not pcall(me.await, me))
        """)
    }

    @Test func resultsOutliveTheirThreads() throws {
      try run(
        """
        local ts = {}
        for i = 1, 200 do ts[i] = task.spawn(function() return i, { i } end) end
        task.sleep(0.005)
        for _ = 1, 5 do collectgarbage() end
        local junk = {}
        for i = 1, 2000 do junk[i] = coroutine.create(print) end
        for i = 1, 200 do
          local a, b = ts[i]:await()
          assert(a == i and b[1] == i)
        end
        """)
    }

    @Test func generatorsMayWait() throws {
      try run(
        """
        local function numbers()
          return coroutine.wrap(function() for i = 1, 3 do task.sleep(0.001) coroutine.yield(i) test.noop() end end)
        end
        local sum = 0
        for v in numbers() do sum = sum + v end
        assert(sum == 6)
        local co = coroutine.create(function() test.fail(1) end)
        local ok, e = coroutine.resume(co)
        assert(not ok and e.kind == "Boom" and coroutine.status(co) == "dead")
        """)
    }

    @Test func aWaitingCoroutineCanNeitherBeResumedNorClosedByOthers() throws {
      try run(
        """
        local co = coroutine.create(function() task.sleep(0.02) return "end" end)
        local t = task.spawn(function() return select(2, coroutine.resume(co)) end)
        task.sleep(0.005)
        assert(coroutine.status(co) == "normal")
        local ok, e = coroutine.resume(co)
        assert(not ok and e == "cannot resume non-suspended coroutine")
        ok, e = pcall(coroutine.close, co)
        assert(not ok and e:find "that is waiting", e)
        assert(t:await() == "end")
        assert(coroutine.close(co))
        """)
    }

    @Test func waitingWhereItIsImpossibleNamesThePlace() throws {
      try run(
        """
        local function check(expected, f, ...)
          local ok, e = pcall(f, ...)
          assert(not ok and e.kind == "await" and e.message:find(expected, 1, true), tostring(e))
        end
        check("inside table.sort", table.sort, { 2, 1 }, function(a, b) task.sleep(1) return a < b end)
        check("inside string.gsub", string.gsub, "x", "x", function() test.noop() end)
        local _, e = load(function() task.sleep(1) end)
        assert(e.message:find("inside load", 1, true), tostring(e))
        local waits = { __tostring = function() task.sleep(1) end, __index = function() task.sleep(1) end,
          __len = function() return 1 end }
        check("inside tostring", tostring, setmetatable({}, waits))
        check("inside table.concat", table.concat, setmetatable({}, waits))
        -- in generators that these resume
        local function generator() coroutine.wrap(function() task.sleep(1) end)() end
        local resumed = "in a coroutine that was resumed inside "
        check(resumed .. "table.sort (", table.sort, { 2, 1 }, generator)
        check(resumed .. "string.gsub (", string.gsub, "x", "x", generator)
        check(resumed .. "tostring (", tostring, setmetatable({}, { __tostring = generator }))
        check(resumed .. "table.concat (", table.concat, setmetatable({}, { __index = generator, __len = waits.__len }))
        _, e = load(generator)
        assert(e.message:find(resumed .. "load (", 1, true), tostring(e))
        check("inside string.gsub", string.gsub, "x", "x", function()
          coroutine.wrap(function() coroutine.wrap(generator)() end)()
        end)
        -- and a generator that was not is what it was
        assert(coroutine.wrap(function() task.sleep(0) return 1 end)() == 1)
        """)
    }

    @Test func tasksThatWouldWaitForEachOtherAreAnError() throws {
      try run(
        """
        local a, b
        a = task.spawn(function() task.sleep(0) return b:await() end)
        b = task.spawn(function() task.sleep(0) return a:await() end)
        local ok, e = pcall(a.await, a)
        assert(not ok and e.kind == "await" and e.message:find "waits for this one", tostring(e))
        pcall(b.await, b)
        local outer
        outer = task.spawn(function()
          task.sleep(0)
          return task.timeout(60, function() return outer:await() end)
        end)
        ok, e = pcall(outer.await, outer)
        assert(not ok and e.kind == "await", tostring(e))
        """)
    }

    @Test func wrongArgumentsOfCoroutineFunctionsNameThem() throws {
      try run(
        """
        for _, name in ipairs { "close", "status", "resume" } do
          local ok, e = pcall(coroutine[name], 1)
          assert(not ok and e:find("'coroutine." .. name .. "' %(coroutine expected"), e)
        end
        """)
    }

    @Test func contextIsInheritedBySpawnedTasksAndCallbacks() throws {
      try run(
        """
        test.context "outer"
        local t = task.spawn(function()
          assert(test.context() == "outer")
          test.context "inner"
          return test.call(function() return test.context() end)
        end)
        assert(t:await() == "inner")
        assert(test.context() == "outer")
        """)
    }

    @Test func callbacksMayWaitAndFail() throws {
      try run(
        """
        local a, b = test.call(function(x) task.sleep(0.002) return x.n + 1, "y" end, { n = 4 })
        assert(a == 5 and b == "y")
        local ok, e = pcall(test.call, function() test.fail(9) end)
        assert(not ok and e.kind == "Boom", tostring(e))
        local object = {}
        ok, e = pcall(test.call, function() error(object) end)
        assert(not ok and e == object)
        ok, e = pcall(test.call, function() return print end)
        assert(not ok and tostring(e):find "result #1 of a callback: plain data expected", tostring(e))
        """)
    }

    @Test func resultsOfEveryKindArrive() throws {
      try run(
        """
        local a, b, c, d = test.values()
        assert(a == 1 and b == "two" and c == nil and d == "\\0\\255")
        local tree = test.tree { 1, 2.5, { x = true }, "\\xff" }
        assert(tree[2] == 2.5 and tree[3].x and tree[4] == "\\xff")
        local probe <close> = test.probe()
        assert(probe:echo(7) == 7)
        assert(select("#", test.noop()) == 0)
        """)
    }

    @Test func failuresNobodyAwaitedAreReportedAtTheEnd() throws {
      let aftermath = try run(
        """
        task.spawn(function() error "lost" end)
        local held = task.spawn(function() test.fail(5) end)
        local seen = task.spawn(error, "seen")
        pcall(seen.await, seen)
        do local closed <close> = task.spawn(error, "in a block", 0) task.sleep(0.001) end
        task.spawn(function() task.sleep(60) end)
        task.sleep(0.01)
        """)
      #expect(aftermath.unawaited.map(\.message) == ["t.lua:1: lost", "boom 5", "in a block"])
      #expect(aftermath.unawaited[1].underlying as? Boom == Boom(code: 5))
    }

    @Test func theEndOfTheRunCancelsWhatIsLeftAndWaits() throws {
      try run(
        """
        task.spawn(function()
          local x <close> = setmetatable({}, { __close = function() task.sleep(0.01) closed = true end })
          task.sleep(60)
        end)
        task.sleep(0)
        """)
    }

    @Test func aHundredThousandSleepersAreNothingSpecial() throws {
      try run(
        """
        local ts = {}
        for i = 1, 100000 do ts[i] = task.spawn(task.sleep, 0.05) end
        for i = 1, #ts do ts[i]:await() end
        """)
    }

    @Test func argumentsReachTheScript() throws {
      try run(
        """
        assert(select("#", ...) == 2 and ... == "a" and arg[1] == "a" and arg[2] == "b c" and #arg == 2)
        assert(arg[0] == "t.lua" and arg[-1])
        """, arguments: ["a", "b c"])
    }
  }
}
