import Glibc
import LuaKit
import LuaRuntime
import Synchronization
import Testing

extension RuntimeTests {
  @Suite struct Modules {
    @Test func aModuleIsBuiltAtItsFirstRequire() throws {
      let built = Atomic(0)
      try run("assert(not package.loaded.lazy)") { runtime in
        try await runtime.preload("lazy") { _ in built.add(1, ordering: .relaxed) }
      }
      #expect(built.load(ordering: .relaxed) == 0)
    }

    @Test func requireMayWaitAndLoadsOnceForAllTasks() throws {
      try run(
        """
        package.preload.slow = function(...) loads = (loads or 0) + 1 task.sleep(0.01) return { ... } end
        local a, b = task.all { function() return require "slow" end, function() return require "slow" end }
        assert(a == b and a[1] == "slow" and loads == 1)
        local _, where = require "coroutine"
        assert(where == nil)
        package.preload.bad = function() task.sleep(0.001) error "cannot load" end
        local ok, e = pcall(require, "bad")
        assert(not ok and e:find "cannot load" and not package.loaded.bad)
        assert(not pcall(require, "bad"))
        """)
    }

    @Test func aModuleThatRequiresItselfIsAnError() throws {
      let error = try failure(of: "package.preload.a = function() require 'a' end require 'a'")
      #expect(error.message.hasSuffix("module 'a' requires itself, directly or through another module"))
    }

    @Test func aModuleThatRequiresItselfThroughAnotherTaskIsAnError() throws {
      try run(
        """
        package.preload.outer = function()
          return { task.spawn(function() return require "inner" end):await() }
        end
        package.preload.inner = function() return require "outer" end
        local ok, e = pcall(require, "outer")
        assert(not ok and tostring(e):find "module 'outer' requires itself: task %d+, which loads it, waits", tostring(e))
        package.preload.other = function() return (task.all { function() return require "outer" end }) end
        package.preload.outer = function() return task.race { function() return require "other" end } end
        task.spawn(function() pcall(require, "outer") end)
        """)
    }

    @Test func aLoadThatWasDroppedHalfWayCanBeBegunAgain() throws {
      try run(
        """
        local rounds = 0
        package.preload.half = function()
          rounds = rounds + 1
          if rounds == 1 then coroutine.yield() end
          return "whole"
        end
        coroutine.wrap(function() require "half" end)()
        assert(require "half" == "whole" and rounds == 2)
        """)
    }

    @Test func aModuleThatAnotherTaskLoadsCannotBeWaitedForInsideSort() throws {
      try run(
        """
        package.preload.slow = function() task.sleep(0.01) return true end
        local t = task.spawn(require, "slow")
        task.sleep(0)
        local ok, e = pcall(table.sort, { 1, 2 }, function() return require "slow" end)
        assert(not ok and tostring(e):find "cannot wait here: inside table.sort", tostring(e))
        t:await()
        """)
    }

    @Test func theHostProvidesSources() throws {
      try run(
        """
        assert(require("host.good").x == 1)
        local ok, e = pcall(require, "host.bad")
        assert(not ok and e.message:find("error loading module 'host.bad' from 'host/bad.lua':", 1, true), tostring(e))
        assert(e.message:find("host/bad.lua:2:", 1, true), tostring(e))
        ok, e = pcall(require, "host.none")
        assert(not ok and e:find("^module 'host.none' not found:\\n\\tno field package.preload%['host.none'%]\\n"), e)
        """
      ) { runtime in
        try await runtime.addModuleSource { name in
          switch name {
          case "host.good": LuaModuleSource(source: "task.sleep(0.001) return { x = 1 }", chunkName: "@host/good.lua")
          case "host.bad": LuaModuleSource(source: "local x\n= = 1", chunkName: "@host/bad.lua")
          default: nil
          }
        }
      }
    }

    @Test func modulesAreFoundBesideTheScript() throws {
      let directory = "/tmp/kdevlua-test-\(getpid())"
      mkdir(directory, 0o700)
      defer {
        for name in ["main.lua", "near.lua", "broken.lua"] { unlink("\(directory)/\(name)") }
        rmdir(directory)
      }
      try write("assert(require('near') == 5) require 'broken'", to: "\(directory)/main.lua")
      try write("return 5", to: "\(directory)/near.lua")
      try write("local x\nx x", to: "\(directory)/broken.lua")
      let executor = LuaExecutor()
      let message = try executor.run {
        let runtime = try LuaRuntime(executor: executor)
        var message = "no error"
        do throws(LuaError) { try await runtime.run(.file("\(directory)/main.lua")) } catch { message = error.message }
        await runtime.close()
        return message
      }
      #expect(message.contains("error loading module 'broken' from file '\(directory)/broken.lua'"))
      #expect(message.contains("broken.lua:2: syntax error near 'x'"))
    }

    @Test(
      .enabled("lua-filesystem, lua-cjson, lua-lpeg and lua-socket are not installed") {
        access("/usr/lib/x86_64-linux-gnu/lua/5.4/lfs.so", R_OK) == 0
          && access("/usr/lib/x86_64-linux-gnu/lua/5.4/cjson.so", R_OK) == 0
          && access("/usr/lib/x86_64-linux-gnu/lua/5.4/lpeg.so", R_OK) == 0
          && access("/usr/lib/x86_64-linux-gnu/lua/5.4/socket/core.so", R_OK) == 0
      })
    func modulesWrittenInCWork() throws {
      try run(
        """
        assert(require("lfs").currentdir())
        assert(require("cjson").decode('{"a": [1]}').a[1] == 1)
        assert(require("lpeg").match(require("lpeg").R "az" ^ 1, "abc1") == 4)
        local server = require("socket").bind("127.0.0.1", 0)
        local host, port = server:getsockname()
        local client = require("socket").connect(host, port)
        local peer = server:accept()
        client:send "hello\\n"
        assert(peer:receive() == "hello")
        for _, socket in ipairs { server, client, peer } do socket:close() end
        """)
    }

    private func write(_ text: String, to path: String) throws {
      let file = try #require(fopen(path, "w"))
      fputs(text, file)
      fclose(file)
    }
  }
}
