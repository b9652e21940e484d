import LuaKit
import LuaRuntime
import Testing

extension RuntimeTests {
  /// `task.any`, `task.semaphore`, `task.queue`: everything that tasks stand in line for.
  @Suite struct Lines {
    @Test func aWaitThatNothingCanEndIsAnError() throws {
      let error = try failure(of: "local q = task.queue()\nq:get()")
      #expect(error.message.contains("deadlock: this waits for a queue"), "\(error)")
      #expect(error.location == "t.lua:2: ")
      try run(
        """
        local gate = task.semaphore(1)
        local ok, e = pcall(task.all, {
          function() local p <close> = gate:acquire() task.queue():put(1) task.queue(0):put(1) return p end,
          function() local p <close> = gate:acquire() return p end,
        })
        assert(not ok and e.kind == "deadlock", tostring(e))
        -- a consumer in the background is none as long as the script goes on
        local q = task.queue()
        local consumer = task.spawn(function() return q:get() end)
        task.sleep(0.001)
        q:put(7)
        assert(consumer:await() == 7)
        """)
    }

    @Test func aCloseHandlerThatWaitsForNothingDoesNotKeepTheProgram() throws {
      try run(
        """
        local q = task.queue()
        task.spawn(function()
          local guard <close> = setmetatable({}, { __close = function() q:get() end })
          task.sleep(60)
        end)
        task.sleep(0.001)
        """)
    }

    @Test func anyGivesTheFirstSuccessAndCancelsTheRest() throws {
      let aftermath = try run(
        """
        local log = {}
        local a, b = task.any {
          function() error "early" end,
          function() task.sleep(0.002) return 1, nil, "x" end,
          function()
            local guard <close> = setmetatable({}, { __close = function() task.sleep(0.001) log[1] = "closed" end })
            task.sleep(60)
          end,
        }
        assert(a == 1 and b == nil and log[1] == "closed")
        """)
      #expect(aftermath.unawaited.isEmpty)
    }

    @Test func allFailuresOfAnyAreOneErrorThatListsThem() throws {
      let aftermath = try run(
        """
        local ok, e = pcall(task.any, {
          function() task.sleep(0.001) error "first" end, function() test.fail(7) end, function() error({}) end,
        })
        assert(not ok and e.kind == "all_failed", tostring(e))
        assert(e.message:find("^all 3 functions failed:\\n  1: t.lua:2: first\\n  2: .*boom 7\\n  3: table: "), e.message)
        assert(#e.errors == 3 and e.errors[1].message == "t.lua:2: first" and e.errors[2].message == "boom 7")
        assert(not pcall(task.any, {}))
        """)
      #expect(aftermath.unawaited.isEmpty)
    }

    @Test func cancellingTheWaiterOfAnyCancelsItsMembers() throws {
      try run(
        """
        local n = 0
        local function member() local ok, e = pcall(task.sleep, 60) n = n + 1 error(e) end
        local t = task.spawn(function() task.any { member, member } end)
        task.sleep(0.001)
        t:cancel()
        local ok, e = pcall(t.await, t)
        assert(e.kind == "cancelled" and n == 2 and t:status() == "cancelled", tostring(e))
        """)
    }

    @Test func aSemaphoreLetsSoManyInAndServesInOrder() throws {
      try run(
        """
        local sem, inside, most, order, all = task.semaphore(2), 0, 0, {}, {}
        for i = 1, 50 do
          all[i] = function()
            local permit <close> = sem:acquire()
            inside = inside + 1
            most = math.max(most, inside)
            order[#order + 1] = i
            task.sleep(i % 3 / 5000)
            inside = inside - 1
          end
        end
        task.all(all)
        assert(most == 2 and sem.free == 2 and sem.waiting == 0 and sem.size == 2)
        for i = 1, 50 do assert(order[i] == i, table.concat(order, " ")) end
        -- who comes later does not overtake, even when a permit has just come back
        local p, log = sem:acquire(), {}
        local q = sem:acquire()
        local t = task.spawn(function() local r <close> = sem:acquire() log[#log + 1] = "waited" end)
        task.sleep(0)
        p:release()
        p:release()
        assert(sem.free == 0, "released once, and given on")
        local r <close> = sem:acquire()
        log[#log + 1] = "late"
        t:await()
        assert(table.concat(log, " ") == "waited late")
        q:release()
        assert(sem.free == 1)
        """)
    }

    @Test func aPermitComesBackByAnErrorAndByACancellationAtAnyMoment() throws {
      try run(
        """
        local sem = task.semaphore(1)
        assert(not pcall(function() local p <close> = sem:acquire() error "x" end) and sem.free == 1)
        local function user() local p <close> = sem:acquire() task.sleep(60) end
        local first, second, third = task.spawn(user), task.spawn(user), task.spawn(user)
        task.sleep(0)
        assert(sem.waiting == 2)
        second:cancel()
        assert(sem.waiting == 1 and not pcall(second.await, second))
        -- the third gets the permit, and is cancelled before its turn
        first:cancel()
        while sem.waiting > 0 do coroutine.yield() end
        third:cancel()
        pcall(third.await, third)
        assert(sem.free == 1 and sem.waiting == 0)
        -- a cancelled task takes no permit, but a close handler of one does
        local got
        local t = task.spawn(function()
          local guard <close> = setmetatable({}, { __close = function() local p <close> = sem:acquire() got = true end })
          task.current():cancel()
          local p <close> = sem:acquire()
          got = "wrong"
        end)
        assert(not pcall(t.await, t) and got == true and sem.free == 1)
        """)
    }

    @Test func aQueueGivesItsValuesInOrderToThoseWhoWaitInOrder() throws {
      try run(
        """
        local q, log = task.queue(), {}
        local ts = {}
        for i = 1, 3 do ts[i] = task.spawn(function() local v = q:get() log[#log + 1] = i .. v end) end
        task.sleep(0)
        assert(q.waiting == 3 and q.capacity == nil)
        for _, v in ipairs { "a", "b", "c", "d", "e" } do q:put(v) end
        assert(q.count == 2 and q.waiting == 0)
        for _, t in ipairs(ts) do t:await() end
        assert(table.concat(log, " ") == "1a 2b 3c" and q:get() == "d" and q:get() == "e")
        q:put(false)
        assert(q:get() == false)
        assert(not pcall(q.put, q, nil) and not pcall(task.queue, -1) and not pcall(task.queue, "x"))
        """)
    }

    @Test func aFullQueueLetsPutWait() throws {
      for capacity in [0, 1, 3] {
        try run(
          """
          local capacity = \(capacity)
          local q, most, got = task.queue(capacity), 0, {}
          task.all {
            function() for i = 1, 40 do q:put(i) most = math.max(most, q.count) end end,
            function() for i = 41, 80 do q:put(i) end end,
            function() for _ = 1, 80 do if #got % 7 == 0 then task.sleep(0) end got[#got + 1] = q:get() end end,
          }
          assert(most <= capacity and #got == 80 and q.count == 0 and q.waiting == 0)
          local low, high = 0, 40
          for _, v in ipairs(got) do
            if v <= 40 then assert(v == low + 1) low = v else assert(v == high + 1) high = v end
          end
          """)
      }
    }

    @Test func closingAQueueWakesAllAndLeavesWhatIsInIt() throws {
      try run(
        """
        local q = task.queue()
        local sum, ts = 0, {}
        for i = 1, 3 do ts[i] = task.spawn(function() for v in q:items() do sum = sum + v end return "end" end) end
        task.sleep(0)
        for i = 1, 10 do q:put(i) end
        q:close()
        for i = 1, 3 do assert(ts[i]:await() == "end") end
        assert(sum == 55 and q:get() == nil and q.closed and q.waiting == 0)

        local full = task.queue(1)
        full:put "in"
        local function putter() full:put "out" end
        local a, b = task.spawn(putter), task.spawn(putter)
        task.sleep(0)
        full:close()
        full:close()
        for _, t in ipairs { a, b } do
          local ok, e = pcall(t.await, t)
          assert(not ok and e.kind == "closed" and e.location == "t.lua:12: ", e.location)
        end
        local ok, e = pcall(full.put, full, 1)
        assert(e.kind == "closed" and full:get() == "in" and full:get() == nil)

        local t
        do
          local scoped <close> = task.queue()
          t = task.spawn(scoped.get, scoped)
          task.sleep(0)
        end
        assert(t:await() == nil)
        """)
    }

    @Test func aCancelledPutOrGetLeavesNothingBehind() throws {
      try run(
        """
        local q = task.queue()
        local a, b = task.spawn(q.get, q), task.spawn(q.get, q)
        task.sleep(0)
        a:cancel()
        assert(q.waiting == 1 and not pcall(a.await, a))
        q:put "for b"
        assert(b:await() == "for b" and q.count == 0)

        local full = task.queue(1)
        full:put(1)
        local weak = setmetatable({}, { __mode = "v" })
        weak[1] = {}
        local c = task.spawn(function() full:put(weak[1]) end)
        local d = task.spawn(function() full:put(2) end)
        task.sleep(0)
        c:cancel()
        assert(full.waiting == 1 and not pcall(c.await, c))
        c = nil
        assert(full:get() == 1 and full:get() == 2 and full.count == 0 and full.waiting == 0)
        d:await()
        collectgarbage()
        collectgarbage()
        assert(weak[1] == nil, "the value of the cancelled put is kept")
        """)
    }

    @Test func aQueueThatHoldsItselfIsCollected() throws {
      try run(
        """
        local weak = setmetatable({}, { __mode = "k" })
        do
          local q = task.queue()
          q:put { q }
          weak[q] = true
        end
        collectgarbage()
        collectgarbage()
        assert(next(weak) == nil)
        """)
    }

    @Test func thousandsOfTasksInLinesCancelledAnywhereLeaveNothing() throws {
      try run(
        """
        math.randomseed(1)
        local sem, q = task.semaphore(3), task.queue(2)
        local bodies = {
          function() local p <close> = sem:acquire() task.sleep(math.random() / 2000) end,
          function() local p <close> = sem:acquire() coroutine.yield() end,
          function() q:put(1) end,
          function() q:get() end,
          function() for v in coroutine.wrap(function() coroutine.yield(q:get()) end) do q:put(v) end end,
          function() task.any { function() q:get() end, function() local p <close> = sem:acquire() task.sleep(0) end } end,
        }
        for _ = 1, 10 do
          local ts = {}
          for i = 1, 300 do ts[i] = task.spawn(bodies[math.random(#bodies)]) end
          for _ = 1, 6 do
            task.sleep(math.random() / 500)
            for _ = 1, 60 do ts[math.random(#ts)]:cancel() end
          end
          for i = 1, #ts do ts[i]:cancel() end
          for i = 1, #ts do local ok, e = pcall(ts[i].await, ts[i]) assert(ok or e.kind == "cancelled", tostring(e)) end
          assert(sem.free == 3 and sem.waiting == 0 and q.waiting == 0, tostring(sem) .. tostring(q))
        end
        """)
    }

    @Test func aTaskThatSwallowsItsCancellationInALineDoesNotStopTheOthers() throws {
      try run(
        """
        local sem, stop = task.semaphore(1), false
        local t = task.spawn(function()
          task.sleep(0)
          while not stop do pcall(function() local p <close> = sem:acquire() end) end
        end)
        t:cancel()
        task.sleep(0.02)
        stop = true
        pcall(t.await, t)
        assert(sem.free == 1)
        """)
    }

    @Test func waitingInALineInsideACoroutineCancelsAndServesLikeAnyOther() throws {
      try run(
        """
        local q, sem = task.queue(), task.semaphore(1)
        local function values() return coroutine.wrap(function() for v in q:items() do coroutine.yield(v) end end) end
        local sum = 0
        local t = task.spawn(function() for v in values() do sum = sum + v end end)
        for i = 1, 4 do task.sleep(0) q:put(i) end
        task.sleep(0.001)
        assert(sum == 10 and q.waiting == 1)
        t:cancel()
        assert(q.waiting == 0 and not pcall(t.await, t))
        local held <close> = sem:acquire()
        local ok, e = pcall(task.timeout, 0.002, coroutine.wrap(function() return sem:acquire() end))
        assert(not ok and e.kind == "timeout" and sem.waiting == 0)
        """)
    }

    @Test func aWaitForNobodyEndsWithTheScript() throws {
      try run("local q = task.queue() task.spawn(function() q:get() end) task.sleep(0)")
    }
  }
}
