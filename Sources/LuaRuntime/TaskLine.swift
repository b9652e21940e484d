import CLua
import CLuaBoundary
import LuaKit

/// What tasks stand in line for.
protocol TaskLine: AnyObject {
  /// What it is, with an article.
  var description: String { get }
  /// A task that stands in line was cancelled.
  func leave(_ task: LuaTask)
}

/// First in, first out.
struct Line<Element> {
  private var elements: [Element?] = []
  private var head = 0

  var isEmpty: Bool { head == elements.count }
  var count: Int { elements.count - head }

  mutating func append(_ element: Element) { elements.append(element) }

  mutating func popFirst() -> Element? {
    guard head < elements.count else { return nil }
    let first = elements[head]
    elements[head] = nil
    head += 1
    // Moved rarely enough to cost next to nothing each.
    if head * 2 > elements.count, head > 16 || isEmpty {
      elements.removeSubrange(..<head)
      head = 0
    }
    return first
  }

  /// Takes out the first that matches.
  mutating func remove(where matches: (Element) -> Bool) -> Element? {
    guard let place = elements[head...].firstIndex(where: { $0.map(matches) ?? false }) else { return nil }
    return elements.remove(at: place)
  }
}

extension Scheduler {
  /// Puts the running task in line, and has it wait.
  ///
  /// - Parameter enter: Notes the task where ``TaskLine/leave(_:)`` will find it.
  func waitInLine(_ line: any TaskLine, from lua: LuaState, enter: (LuaTask) -> Void) throws -> Int32 {
    let task = try beginAwait(lua)
    task.wait = .line(line)
    enter(task)
    return LuaState.await
  }

  /// Raises in a task that was cancelled, for what can be had without waiting: a loop of it must come to its end, too.
  func refuse(_ lua: LuaState) throws {
    guard let task = current, task.control.pointee.cancelled, !task.isClosing else { return }
    _ = try beginAwait(lua)
  }

  /// Ends the wait of a task that has left its line, with the value on top of `lua`, which is popped.
  func deliver(_ lua: LuaState, to task: LuaTask) {
    task.lua.push(true)
    lua_xmove(lua.raw, task.lua.raw, 1)
    makeReady(task, 2)
  }
}
