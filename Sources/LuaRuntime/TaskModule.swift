import CLua
import LuaKit

/// The module `task`: concurrency for scripts.
enum TaskModule {
  static func build(_ module: LuaModule) {
    module.function("spawn") { lua in
      try checkFunction(lua, 1)
      let scheduler = Scheduler.of(lua)
      let task = scheduler.spawn(from: lua, arguments: lua.top - 1)
      if let current = scheduler.current { scheduler.adopt(task, by: current) }
      return lua.push(handle: task)
    }
    module.function("sleep") { lua in
      let seconds = try seconds(lua)
      return try Scheduler.of(lua).sleep(seconds, from: lua)
    }
    module.function("all") { lua in
      let count = try pushFunctions(lua)
      return count == 0 ? 0 : try Scheduler.of(lua).awaitGroup(.all, count: count, from: lua)
    }
    module.function("any") { lua in
      let count = try pushFunctions(lua)
      guard count > 0 else { throw lua.argumentError(1, "without functions none can succeed") }
      return try Scheduler.of(lua).awaitGroup(.any, count: count, from: lua)
    }
    module.function("race") { lua in
      let count = try pushFunctions(lua)
      guard count > 0 else { throw lua.argumentError(1, "a race without functions would never end") }
      return try Scheduler.of(lua).awaitGroup(.race, count: count, from: lua)
    }
    module.function("timeout") { lua in
      let seconds = try seconds(lua)
      try checkFunction(lua, 2)
      return try Scheduler.of(lua).awaitGroup(.timeout(seconds: seconds), count: 1, arguments: lua.top - 2, from: lua)
    }
    module.function("scope") { lua in
      try checkFunction(lua, 1)
      return try Scheduler.of(lua).awaitGroup(.scope, count: 1, arguments: lua.top - 1, from: lua)
    }
    module.function("semaphore") { lua in
      let size: Int = try lua.read(1)
      guard size > 0 else { throw lua.argumentError(1, "a semaphore has at least one permit") }
      lua.push(TaskSemaphore(size: size))
      return 1
    }
    module.function("queue") { lua in
      let capacity: Int? = lua.isNil(at: 1) ? nil : try lua.read(1)
      if let capacity, capacity < 0 { throw lua.argumentError(1, "a capacity is not negative") }
      lua.push(TaskQueue(capacity: capacity))
      lua.newTable()
      lua_setiuservalue(lua.raw, -2, 1)
      return 1
    }
    module.function("current") { lua in
      guard let task = Scheduler.of(lua).current else { return 0 }
      return lua.push(handle: task)
    }
  }

  /// The time at index 1.
  private static func seconds(_ lua: LuaState) throws -> Double {
    guard lua.type(at: 1) == .string, let times = Scheduler.of(lua).times else { return try lua.read(1) }
    guard let seconds = times.read(lua.string(at: 1) ?? "") else { throw lua.argumentError(1, times.expected) }
    return seconds
  }

  private static func checkFunction(_ lua: LuaState, _ index: Int32) throws {
    guard lua.type(at: index) == .function else {
      throw lua.argumentError(index, LuaMismatch(expected: "function", lua, at: index).message)
    }
  }

  /// Pushes the functions in the table at index 1.
  private static func pushFunctions(_ lua: LuaState) throws -> Int32 {
    guard lua.type(at: 1) == .table else {
      throw lua.argumentError(1, LuaMismatch(expected: "table of functions", lua, at: 1).message)
    }
    let count = Int32(clamping: lua_rawlen(lua.raw, 1))
    try lua.ensureStack(count + 8)
    for position in 0..<count {
      lua_rawgeti(lua.raw, 1, lua_Integer(position + 1))
      guard lua.type(at: -1) == .function else {
        throw lua.argumentError(1, LuaMismatch(expected: "function", lua, at: -1).inside("[\(position + 1)]").message)
      }
    }
    return count
  }
}

extension LuaState {
  /// Pushes a task with its thread as user value, which keeps the results alive.
  fileprivate func push(handle task: LuaTask) -> Int32 {
    push(task)
    lua_pushthread(task.lua.raw)
    lua_xmove(task.lua.raw, raw, 1)
    lua_setiuservalue(raw, -2, 1)
    return 1
  }
}

extension LuaTask: LuaObject {
  static let luaName = "kdev.Task"

  static func define(_ type: LuaClass<LuaTask>) {
    type.method("await") { task, lua in try Scheduler.of(lua).join(task, from: lua) }
    type.method("cancel") { task, lua in
      Scheduler.of(lua).cancel(task)
      return 0
    }
    type.method("status") { task, lua in
      lua.push(task.status)
      return 1
    }
    type.tostring { "kdev.Task \($0.id) (\($0.status))" }
    // Nothing outlives the block: cancel, then wait.
    type.close { task, lua in
      let scheduler = Scheduler.of(lua)
      scheduler.cancel(task)
      return try scheduler.join(task, from: lua, closing: true)
    }
  }
}
