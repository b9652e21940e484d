import Glibc
import LuaKit
import LuaRuntime
import Synchronization

/// `scripts/fuzz`: feeds random scripts to the runtime, runs them, and cancels or interrupts them at random moments; one in four
/// runs within limits instead, and is stopped at a random moment. It ends with an error when a task is left, an object is not
/// freed, or a script cannot be ended; a crash ends it by itself.
@main struct Fuzz {
  private static let current = Mutex((seed: UInt64(0), began: ContinuousClock.now))

  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
    let seconds = arguments.first ?? 10
    var seed = arguments.dropFirst().first ?? UInt64(time(nil)) << 20
    let isSingle = arguments.count > 1
    if isSingle {
      print(RandomScript.text(seed: seed, limited: isLimited(seed)))
      fflush(nil)
    }
    watch()
    let end = ContinuousClock.now + .seconds(Int(seconds))
    var count = 0
    while ContinuousClock.now < end {
      current.withLock { $0 = (seed, ContinuousClock.now) }
      if isLimited(seed) { try limitedRound(seed) } else { try round(seed) }
      count += 1
      seed += 1
      if isSingle { break }
    }
    print("\(count) scripts, the last of seed \(seed - 1)")
  }

  /// Ends the program when one script takes too long.
  private static func watch() {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { _ in
        while true {
          sleep(1)
          let (seed, began) = Fuzz.current.withLock { $0 }
          if ContinuousClock.now - began > .seconds(30) {
            fatalError("the script of seed \(seed) does not end: fuzz 1 \(seed)")
          }
        }
      }, nil)
    pthread_detach(thread)
  }

  private static func round(_ seed: UInt64) throws {
    let source = RandomScript.text(seed: seed)
    var random = SplitMix(state: seed ^ 0xabcd)
    let delay = random.below(4000)
    let how = random.below(4)
    let executor = LuaExecutor()
    let living = Probe.living.load(ordering: .relaxed)
    try executor.run {
      let runtime = try LuaRuntime(executor: executor)
      await runtime.onUnawaitedError { _ in }
      try await runtime.preload("test", module)
      _ = try await runtime.evaluate(.source(prelude, name: "=prelude"))
      let work = Task { try await runtime.run(.source(source, name: "=fuzz"), arguments: ["x"]) }
      let ender = Task.detached {
        try await Task.sleep(for: .microseconds(delay))
        if how == 1 { work.cancel() }
        if how >= 2 { LuaRuntime.interrupt() }
        if how == 3 {
          try await Task.sleep(for: .microseconds(delay))
          LuaRuntime.hurry()
        }
        // A script that waits for nothing that comes, or loops.
        while true {
          try await Task.sleep(for: .milliseconds(120))
          LuaRuntime.interrupt()
          work.cancel()
        }
      }
      _ = try? await work.value
      ender.cancel()
      _ = try? await ender.value
      guard await runtime.liveTasks == 0 else { fatalError("seed \(seed) leaves tasks: fuzz 1 \(seed)") }
      await runtime.close()
    }
    guard Probe.living.load(ordering: .relaxed) == living else {
      fatalError("seed \(seed) leaves objects: fuzz 1 \(seed)")
    }
  }

  // MARK: Within limits

  private static func isLimited(_ seed: UInt64) -> Bool { seed % 4 == 0 }

  /// Runs a script in a limited universe. What must end it is an error of a limit, or its own.
  private static func limitedRound(_ seed: UInt64) throws {
    var random = SplitMix(state: seed ^ 0xabcd)
    let lua = try LuaState.makeLimited(memory: 4 << 20)
    defer { lua.close() }
    try lua.load(limitedPrelude, name: "=prelude")
    lua.limit(instructions: nil)
    try lua.call()
    // Some are damaged.
    guard (try? lua.load(RandomScript.text(seed: seed, limited: true), name: "=fuzz")) != nil else { return }
    let stop = Stop(lua.stopper, after: UInt32(random.below(40_000)))
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { stop in
        guard let stop else { return nil }
        Unmanaged<Stop>.fromOpaque(stop).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(stop).toOpaque())
    // The stopper is good for as long as the universe is.
    defer { pthread_join(thread, nil) }
    lua.limit(instructions: random.below(2) == 0 ? 200_000 : nil, seconds: 0.03)
    try? lua.call()
  }

  private final class Stop {
    let stopper: LuaStopper
    let delay: UInt32
    init(_ stopper: LuaStopper, after delay: UInt32) {
      self.stopper = stopper
      self.delay = delay
    }
    func run() {
      usleep(delay)
      stopper.stop()
    }
  }

  /// Functions that call what they are given, in place of those of the runtime.
  private static let limitedPrelude = """
    local function call(...)
      for _, f in ipairs { ... } do
        if type(f) == 'function' then f() elseif type(f) == 'table' then call(table.unpack(f)) end
      end
    end
    local any = { __index = function() return call end }
    task, test, queue, gate = setmetatable({}, any), setmetatable({}, any), setmetatable({}, any), setmetatable({}, any)
    collectgarbage, print, require = call, call, call
    handlers = {}
    function handlers.__close() local again <close> = setmetatable({}, handlers) while true do end end
    """

  private static let prelude = """
    task, test = require 'task', require 'test'
    queue, gate = task.queue(1), task.semaphore(1)
    print = function() end
    os.exit, io.read, debug = nil, nil, nil
    package.preload.slow = function() task.sleep(0.0005) return { require 'task' } end
    """

  @Sendable private static func module(_ module: LuaModule) {
    module.async("noop") { _ in LuaOperation {} }
    module.async("wait") { lua in
      let seconds: Double = try lua.read(1)
      return LuaOperation { try await Task.sleep(for: .seconds(seconds)) }
    }
    module.async("stubborn") { _ in
      LuaOperation {
        await Task.detached { try? await Task.sleep(for: .milliseconds(2)) }.value
        return Probe()
      }
    }
    module.async("fail") { _ in LuaOperation { throw LuaError("failed") } }
    module.async("values") { _ in LuaOperation { LuaReturn(1, "two", LuaValue.nil, [UInt8]([0, 255])) } }
    module.async("probe") { _ in LuaOperation { Probe() } }
    module.async("call") { lua in
      let function = try lua.function(1)
      let argument: LuaValue = try lua.read(2)
      let runtime = LuaRuntime.of(lua)
      return LuaOperation { LuaReturn.values(try await runtime.call(function, [argument])) }
    }
  }
}

/// Counts its living instances; its close handler waits.
final class Probe: LuaObject, Sendable {
  static let living = Atomic(0)

  init() { Probe.living.add(1, ordering: .relaxed) }
  deinit { Probe.living.subtract(1, ordering: .relaxed) }

  static let luaName = "fuzz.probe"
  static func define(_ type: LuaClass<Probe>) {
    type.close { _ in LuaOperation { try await Task.sleep(for: .microseconds(200)) } }
  }
}
