import CLua
import LuaKit

/// `task.queue`: values from tasks to tasks, in order. Who has waited longest is served first.
///
/// The values lie in a table that is the user value of the object, under numbers that only grow, so that Lua's collector
/// sees through a queue that holds itself.
final class TaskQueue: LuaObject, TaskLine {
  let description = "a queue"
  static let luaName = "kdev.Queue"
  private let capacity: Int?
  private var isClosed = false
  private var nextKey = 1
  /// The keys of the values that are in.
  private var items = Line<Int>()
  /// Tasks that wait for a value; then nothing is in, and nobody waits to put.
  private var getters = Line<LuaTask>()
  /// Tasks that wait for room, each with the key of its value.
  private var putters = Line<(task: LuaTask, key: Int)>()
  /// Keys of values that will not be put after all. To drop them takes the table, which a cancellation does not have.
  private var abandoned: [Int] = []

  init(capacity: Int?) { self.capacity = capacity }

  static func define(_ type: LuaClass<TaskQueue>) {
    type.method("put") { queue, lua in try queue.put(from: lua) }
    type.method("get") { queue, lua in try queue.get(from: lua) }
    type.method("items") { queue, lua in
      // Called with the queue as its state, as a method is.
      lua.push(function: { lua in try lua.read(1, as: TaskQueue.self).get(from: lua) })
      lua.pushCopy(at: 1)
      return 2
    }
    type.method("close") { queue, lua in queue.close(lua) }
    type.close { queue, lua in queue.close(lua) }
    type.property("count") { $0.items.count }
    type.property("capacity") { $0.capacity }
    type.property("closed") { $0.isClosed }
    type.property("waiting") { $0.getters.count + $0.putters.count }
    type.tostring { "kdev.Queue (\($0.items.count) in it\($0.isClosed ? ", closed" : ""))" }
  }

  private func put(from lua: LuaState) throws -> Int32 {
    let scheduler = Scheduler.of(lua)
    guard !lua.isNil(at: 2) else { throw lua.argumentError(2, "a queue holds no nil") }
    guard !isClosed else { throw QueueClosedError() }
    if getters.isEmpty, let capacity, items.count >= capacity {
      let key = nextKey
      return try scheduler.waitInLine(self, from: lua) { task in
        store(lua)
        putters.append((task, key))
      }
    }
    try scheduler.refuse(lua)
    if let getter = getters.popFirst() {
      lua.pushCopy(at: 2)
      scheduler.deliver(lua, to: getter)
    } else {
      items.append(nextKey)
      store(lua)
    }
    return 0
  }

  private func get(from lua: LuaState) throws -> Int32 {
    let scheduler = Scheduler.of(lua)
    if items.isEmpty, putters.isEmpty {
      guard !isClosed else {
        lua.pushNil()
        return 1
      }
      return try scheduler.waitInLine(self, from: lua) { getters.append($0) }
    }
    try scheduler.refuse(lua)
    // A waiting put takes the place that becomes free; with a capacity of 0 its value is the one that is got.
    if let putter = putters.popFirst() {
      items.append(putter.key)
      putter.task.lua.push(true)
      scheduler.makeReady(putter.task, 1)
    }
    guard let key = items.popFirst() else { return 0 }
    take(key, lua)
    return 1
  }

  func leave(_ task: LuaTask) {
    if getters.remove(where: { $0 === task }) != nil { return }
    if let putter = putters.remove(where: { $0.task === task }) { abandoned.append(putter.key) }
  }

  /// What is in can still be got; those who wait to get have nothing to come, and those who wait to put fail.
  private func close(_ lua: LuaState) -> Int32 {
    guard !isClosed else { return 0 }
    isClosed = true
    let scheduler = Scheduler.of(lua)
    while let getter = getters.popFirst() {
      lua.pushNil()
      scheduler.deliver(lua, to: getter)
    }
    while let putter = putters.popFirst() {
      abandoned.append(putter.key)
      putter.task.lua.push(false)
      putter.task.lua.push(error: QueueClosedError(), awaitedAt: putter.task.leaf.location())
      scheduler.makeReady(putter.task, 2)
    }
    lua_getiuservalue(lua.raw, 1, 1)
    dropAbandoned(lua)
    lua.pop()
    return 0
  }

  // MARK: The table

  /// Stores the value at index 2 under the next key.
  private func store(_ lua: LuaState) {
    lua_getiuservalue(lua.raw, 1, 1)
    dropAbandoned(lua)
    lua.pushCopy(at: 2)
    lua_rawseti(lua.raw, -2, lua_Integer(nextKey))
    lua.pop()
    nextKey += 1
  }

  /// Pushes the value of a key and removes it.
  private func take(_ key: Int, _ lua: LuaState) {
    lua_getiuservalue(lua.raw, 1, 1)
    dropAbandoned(lua)
    lua_rawgeti(lua.raw, -1, lua_Integer(key))
    lua.pushNil()
    lua_rawseti(lua.raw, -3, lua_Integer(key))
  }

  private func dropAbandoned(_ lua: LuaState) {
    for key in abandoned {
      lua.pushNil()
      lua_rawseti(lua.raw, -2, lua_Integer(key))
    }
    abandoned = []
  }
}
