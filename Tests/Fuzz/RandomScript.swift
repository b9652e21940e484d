/// Scripts that no person would write: tasks, coroutines, close handlers and protected calls in any order, most of them
/// valid Lua.
struct RandomScript {
  private var random: SplitMix
  private var text = ""
  private var indent = 0
  /// It runs within limits, where it may loop anywhere.
  private let isLimited: Bool
  /// Statements that may still be written.
  private var budget: Int

  /// The script of a seed, always the same.
  static func text(seed: UInt64, limited: Bool = false) -> String {
    var script = RandomScript(random: SplitMix(state: seed), limited: limited, budget: 40)
    script.line("local a, b, c, d")
    while script.budget > 0 { script.statement(depth: 0) }
    if script.random.below(8) == 0 { script.damage() }
    return script.text
  }

  private init(random: SplitMix, limited: Bool, budget: Int) {
    self.random = random
    isLimited = limited
    self.budget = budget
  }

  private mutating func line(_ content: String) {
    text += String(repeating: "  ", count: indent) + content + "\n"
  }

  private mutating func pick(_ choices: [String]) -> String { choices[random.below(choices.count)] }

  /// Takes a byte out or puts one in, somewhere.
  private mutating func damage() {
    var bytes = Array(text.utf8)
    for _ in 0...random.below(3) where !bytes.isEmpty {
      let place = random.below(bytes.count)
      if random.below(2) == 0 { bytes.remove(at: place) } else { bytes.insert(UInt8(random.below(128)), at: place) }
    }
    text = String(decoding: bytes, as: UTF8.self)
  }

  private mutating func name() -> String { pick(["a", "b", "c", "d"]) }

  private mutating func value() -> String {
    pick([
      "nil", "true", "1", "0.5", "'text'", "{}", "{1, 2, 3}", "a", "b", "c", "d", "task.current()", "print", "#'abc'",
      "test.values()", "test.probe()", "coroutine.running()", "setmetatable({}, {__gc = function() end})", "queue",
      "gate",
      "1 << 70", "-0.0", "0/0", "select('#', ...)", "string.rep('x', 100)", "task.spawn", "error", "pcall",
    ])
  }

  private mutating func wait() -> String {
    if isLimited, random.below(3) == 0 { return work() }
    return pick([
      "task.sleep(0)", "task.sleep(0.0003)", "test.noop()", "test.wait(0.0002)", "test.wait(0.3)", "task.sleep(0.3)",
      "coroutine.yield()", "test.fail(1)", "test.stubborn()", "queue:put(a)", "queue:get()", "gate:acquire()",
      "a:await()", "b:cancel()", "require 'slow'", "require 'none'",
      "test.call(function() task.sleep(0) return 1 end, 2)",
      "task.timeout(0.0005, task.sleep, 0.3)", "a:close()", "queue:close()", "coroutine.wrap(task.sleep)(0)",
    ])
  }

  /// What only a limit ends, and what is done about limits.
  private mutating func work() -> String {
    pick([
      "while true do end", "while true do pcall(error) end", "for _ = 1, 1e6 do a = {a} end", "a = ('x'):rep(1 << 22)",
      "('a'):rep(30):find(('a?'):rep(30) .. ('a'):rep(30))", "coroutine.close(b)", "coroutine.resume(b)",
      "local h <close> = setmetatable({}, handlers)", "while true do utf8.len(('x'):rep(1 << 20)) end",
      "coroutine.wrap(function() local h <close> = setmetatable({}, handlers) while true do end end)()",
      "b = coroutine.create(function() local h <close> = setmetatable({}, handlers) while true do end end)",
      "table.sort({3, 1, 2}, function() while true do end end)", "('x'):gsub('x', function() while true do end end)",
    ])
  }

  /// What a close handler waits for: something that ends by itself, as nothing ends a handler.
  private mutating func shortWait() -> String {
    while true {
      let wait = wait()
      if !wait.contains("(0.3)") { return wait }
    }
  }

  private mutating func block(_ open: String, _ close: String, depth: Int) {
    line(open)
    indent += 1
    for _ in 0...random.below(3) { statement(depth: depth + 1) }
    indent -= 1
    line(close)
  }

  private mutating func statement(depth: Int) {
    budget -= 1
    guard budget > 0, depth < 6 else { return line(wait()) }
    switch random.below(23) {
    case 0: line("\(name()) = \(value())")
    case 1: line("\(name()) = \(wait())")
    case 2, 3: line("pcall(function() \(wait()) end)")
    case 4: block("\(name()) = task.spawn(function(...)", "end, 1, 2)", depth: depth)
    case 5: block("pcall(function()", "end)", depth: depth)
    case 6: block("xpcall(function()", "end, function(e) return e end)", depth: depth)
    case 7: block("\(name()) = coroutine.wrap(function(...)", "end)", depth: depth)
    case 8: line("pcall(\(name()), \(value()))")
    case 9:
      block(
        "do local g <close> = setmetatable({}, { __close = function() \(shortWait()) end })", "end", depth: depth)
    case 10: block("for i = 1, 3 do", "end", depth: depth)
    case 11: block("task.all { function()", "end, function() \(wait()) end }", depth: depth)
    case 12: block("pcall(task.race, { function()", "end, function() \(wait()) end })", depth: depth)
    case 13: block("pcall(task.timeout, 0.0005, function()", "end)", depth: depth)
    case 14: block("pcall(table.sort, { 3, 1, 2 }, function(x, y)", "end)", depth: depth)
    case 15: line("for _ in ('abc'):gmatch '.' do pcall(function() \(wait()) end) end")
    case 16: line("pcall(\(name()).cancel, \(name()))")
    case 17: line("pcall(error, \(value()))")
    case 18: line("\(name()) = coroutine.create(function() \(wait()) coroutine.yield(\(value())) \(wait()) end)")
    case 19: line("pcall(coroutine.resume, \(name())) pcall(coroutine.close, \(name()))")
    case 21: block("pcall(task.scope, function()", "end)", depth: depth)
    case 20: line("if math.random(200) == 1 then while true do pcall(error) end end collectgarbage 'step'")
    default: line("load('\(wait())')")
    }
  }
}

/// Numbers that a seed makes (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
}
