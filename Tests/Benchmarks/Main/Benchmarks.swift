import Baseline
import CLua
import Host
import LuaKit
import LuaRuntime
import Modules

/// `scripts/bench runtime`: what the Lua runtime costs, beside the same in C, in one process and turn by turn.
@main struct Benchmarks {
  static func main() throws {
    let executor = LuaExecutor()
    try executor.run {
      let runtime = try LuaRuntime(executor: executor)
      let host = try LocalHost(
        options: .init(dryRun: false, environment: ["PATH": "/usr/bin:/bin", "HOME": "/tmp"]),
        observer: SilentObserver())
      try await runtime.install(Environment(host: host, stdlib: Stdlib(environment: [:])))
      try await runtime.preload("bench", benchModule)
      _ = try await runtime.evaluate(.source("bench, task = require 'bench', require 'task'", name: "=setup"))
      try await calls(runtime)
      try await awaits(runtime)
      try await processes(runtime)
      try await sleepers(runtime)
      await runtime.close()
    }
  }

  /// The bindings that are measured, each made as every module makes its own.
  @Sendable static func benchModule(_ module: LuaModule) {
    module.function("empty") { _ in 0 }
    module.function("join") { lua in
      let number: Int = try lua.read(1)
      let text: String = try lua.read(2)
      _ = number
      lua.push(text)
      return 1
    }
    module.async("noop") { _ in LuaOperation {} }
    module.field("c_empty") { lua in lua_pushcclosure(lua.raw, baseline_empty, 0) }
    module.field("c_join") { lua in lua_pushcclosure(lua.raw, baseline_join, 0) }
  }

  // MARK: What is measured

  private static func calls(_ runtime: LuaRuntime) async throws {
    func loop(_ call: String) -> String { "local f = bench.\(call) for _ = 1, 2000000 do f(7, 'hello') end" }
    let empty = try await compare(15, runtime, loop("empty"), loop("c_empty"))
    row("empty binding call / C function, ns", (empty.0 * 500, empty.1 * 500), "at most 1.6")
    let join = try await compare(15, runtime, loop("join"), loop("c_join"))
    row("(integer, string) -> string / C function, ns", (join.0 * 500, join.1 * 500), "at most 3")
  }

  private static func awaits(_ runtime: LuaRuntime) async throws {
    var ours: [Double] = []
    var theirs: [Double] = []
    for _ in 0..<9 {
      ours.append(try await seconds(runtime, "local f = bench.noop for _ = 1, 100000 do f() end") / 100_000 * 1e6)
      theirs.append(baseline_spawn(100) * 1e6)
    }
    row("await round trip / spawn of true, us", (median(ours), median(theirs)), "at most 3 us, at most 0.1")
  }

  private static func processes(_ runtime: LuaRuntime) async throws {
    let script = """
      local proc = require "kdev.proc"
      local all = {}
      for i = 1, 1000 do
        all[i] = function() assert(proc.run({ "/bin/echo", "hello" }).stdout == "hello\\n") end
      end
      task.all(all)
      """
    var ours: [Double] = []
    var theirs: [Double] = []
    for _ in 0..<5 {
      ours.append(try await seconds(runtime, script))
      theirs.append(baseline_capture(1000))
    }
    row("1,000 processes at once, captured / in C, s", (median(ours), median(theirs)), "at most 1.5")
  }

  private static func sleepers(_ runtime: LuaRuntime) async throws {
    let before = baseline_resident()
    let start = baseline_cpu()
    _ = try await runtime.evaluate(
      .source(
        """
        collectgarbage()
        sleepers = {}
        for i = 1, 100000 do sleepers[i] = task.spawn(task.sleep, 1.5) end
        task.sleep(0)
        """, name: "=bench"))
    let held = baseline_resident() - before
    _ = try await runtime.evaluate(.source("for _, t in ipairs(sleepers) do t:await() end", name: "=bench"))
    print(format("100,000 sleeping tasks: kB each", held / 1e5 / 1000, "at most 2.5"))
    print(format("100,000 sleeping tasks: s of CPU", baseline_cpu() - start, "at most 3"))
  }

  // MARK: How

  private static func compare(
    _ rounds: Int, _ runtime: LuaRuntime, _ ours: String, _ theirs: String
  ) async throws -> (Double, Double) {
    var a: [Double] = []
    var b: [Double] = []
    for _ in 0..<rounds {
      a.append(try await seconds(runtime, ours))
      b.append(try await seconds(runtime, theirs))
    }
    return (median(a), median(b))
  }

  private static func seconds(_ runtime: LuaRuntime, _ source: String) async throws -> Double {
    let start = ContinuousClock.now
    _ = try await runtime.evaluate(.source(source, name: "=bench"))
    return (ContinuousClock.now - start) / .seconds(1)
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted[sorted.count / 2]
  }

  private static func row(_ name: String, _ values: (Double, Double), _ target: String) {
    let ratio = values.0 / values.1
    print(
      pad(name, 48) + number(values.0, 12) + number(values.1, 12) + number(ratio, 9) + "  (target \(target))")
  }

  private static func format(_ name: String, _ value: Double, _ target: String) -> String {
    pad(name, 48) + number(value, 12) + "  (target \(target))"
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func number(_ value: Double, _ width: Int) -> String {
    let scaled = (value * 1000).rounded() / 1000
    let text = "\(scaled)"
    return String(repeating: " ", count: max(1, width - text.count)) + text
  }
}
