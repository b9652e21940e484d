import Suite
import Testing

@Suite("Scripts that fail") struct FailureTests {
  @Test(arguments: [
    ("return yaml.nope", "{a: 1}", "KeyError: 'nope'"),
    ("return yaml.a.b", "{a: null}", "attempt to index a nil value"),
    ("return yaml.l[2]", "{l: [x]}", "IndexError: list index out of range"),
    ("yaml.l[2] = 1", "{l: [x]}", "IndexError: list assignment index out of range"),
    ("return yaml.l['0']", "{l: [x]}", "TypeError: list indices must be integers or slices, not str"),
    ("return yaml.l[1.0]", "{l: [x]}", "TypeError: list indices must be integers or slices, not float"),
    ("yaml.l.append 'z'", "{l: [x]}", "TypeError: list indices must be integers or slices, not str"),
    ("local a = py_attrgetter(yaml.l) a:append('z')", "{l: [x]}", "append() takes exactly one argument (2 given)"),
    ("return #yaml.l", "{l: [x]}", "attempt to get length of a POBJECT value"),
    ("for k in pairs(yaml) do end", "{}", "table expected, got POBJECT"),
    ("for k in ipairs(yaml.l) do end", "{l: [x]}", "IndexError"),
    ("return next(yaml)", "{}", "table expected, got POBJECT"),
    ("for k in yaml do end", "{}", "'dict' object is not callable"),
    ("return yaml()", "{}", "'dict' object is not callable"),
    ("return yaml.l < yaml.l", "{l: [1]}", "attempt to compare two POBJECT values"),
    ("return yaml.l + 1", "{l: [1]}", "attempt to perform arithmetic on a POBJECT value"),
    ("return 'x' .. yaml.l", "{l: [1]}", "attempt to concatenate a POBJECT value"),
    (
      "for k in py_iterex(yaml) do yaml[k .. k] = 1 end", "{a: 1}",
      "RuntimeError: dictionary changed size during iteration"
    ),
    ("return yaml.a", "{a: 99999999999999999999}", "OverflowError"), ("yaml.s = '\\xff'", "{}", "UnicodeDecodeError"),
    ("return py_enumerate(nil)", "{}", "bad argument #1 to 'py_enumerate'"),
    ("return py_enumerate('ab')", "{}", "bad argument #1 to 'py_enumerate'"),
    ("return py_enumerate{1}", "{}", "bad argument #1 to 'py_enumerate'"),
    ("py_attrgetter(yaml.l).remove('zz')", "{l: []}", "ValueError: list.remove(x): x not in list"),
    ("py_attrgetter(yaml.l).pop()", "{l: []}", "IndexError: pop from empty list"),
    ("py_attrgetter(yaml).pop('zz')", "{}", "KeyError: 'zz'"),
    ("py_attrgetter(base_config).pop('zz', 1)", "{}", "KeyError: 'zz'"),
    ("py_attrgetter(yaml.l).push(1)", "{l: []}", "AttributeError: 'list' object has no attribute 'push'"),
    ("yaml.t = py_tuple('mon.a', py_list())", "{}", "TypeError: tuple expected at most 1 argument, got 2"),
    ("yaml[py_list()] = 1", "{}", "TypeError: unhashable type: 'list'"),
    ("deep_merge(yaml, yaml_load('{a: [1]}'))", "{a: {b: 1}}", "a: cannot merge sequence into mapping"),
    ("yaml_load('[')", "{}", "yaml_load:1:"), ("error('boom')", "{}", "boom"), ("error()", "{}", "nil"),
    ("error({})", "{}", "table"), ("assert(false, 'msg')", "{}", "msg"), ("if then", "{}", "unexpected symbol"),
    ("yaml.d = py_dict(exec = py_dict())", "{}", "')' expected"), ("-- comment", "{}", "'end' expected"),
    ("pcall(function() end)", "{}", "attempt to call a nil value (global 'pcall')"),
    ("string.gsub('abc', '.', function() reject() end)", "{}", "attempt to yield across a C-call boundary"),
    ("return '\\xff'", "{}", "UnicodeDecodeError"), ("return yaml.l[py_tuple{0, 1}]", "{l: [1]}", "not tuple"),
    (String(repeating: "local v = 1\n", count: 201), "{}", "too many local variables"),
  ])
  func sayWhatPythonOrLuaWouldSay(script: String, yaml: String, expected: String) throws {
    let ran = try run(script, yaml)
    #expect(ran.isFailure && ran.description.contains(expected), "\(ran)")
  }

  @Test func errorsNameTheLineInTheFragment() throws {
    let jobs = try ScriptJobs()
    let pre = jobs.merge.add(path: "a.yaml", text: "# one\nteuthology:\n  premerge: |\n    local x\n\n    x.y = 1\n")
    let post = jobs.merge.add(
      path: "b.yaml", text: "teuthology:\n  postmerge:\n  - local x = 1\n  - |\n    -- two\n    yaml.nope.x = 1\n")
    let other = jobs.merge.add(path: "c.yaml", text: "teuthology: {postmerge: [\"local a\\nlocal b\"]}")
    for (fragments, expected) in [([pre], "a.yaml:6: "), ([post], "b.yaml:6: "), ([other, post], "b.yaml:6: ")] {
      let error = #expect(throws: JobFailure.self) {
        try jobs.merge.merge(text: Array("{x}".utf8), fragments: fragments)
      }
      #expect(error?.description.hasPrefix(expected) == true, "\(String(describing: error))")
      #expect(error?.description.hasSuffix("in the job fs/{x}") == true)
    }
  }

  @Test(arguments: [
    ("%", "which it is not: malformed pattern (ends with '%')"),
    (String(repeating: "a?", count: 30) + String(repeating: "a", count: 30), "which takes too long to look for"),
  ])
  func aPatternThatIsNoneIsNamed(pattern: String, expected: String) throws {
    var filters = PlanFilters()
    (filters.any, filters.looksAtFragments) = ([pattern], true)
    let merge = try FragmentMerge(MergeSetup(filters: filters), scripts: try ScriptJobs().scripts)
    let fragment = merge.add(path: String(repeating: "a", count: 30), text: "")
    for _ in 0..<2 {
      let error = #expect(throws: JobFailure.self) { try merge.merge(text: [], fragments: [fragment]) }
      #expect(error?.description.contains("takes '\(pattern)' for a Lua pattern, \(expected)") == true)
    }
  }

  @Test func theNextJobRunsAsIfNothingHadHappened() throws {
    let jobs = try ScriptJobs()
    for _ in 0..<20 {
      #expect(try jobs.run("local t = yaml.l error('boom')", yaml: "{l: [1]}").isFailure)
      #expect(try jobs.run("yaml.n = py_len(yaml.l)", yaml: "{l: [1, 2]}") == .accepted(#"{"l":[1,2],"n":2}"#))
    }
  }
}

/// Everything that got out of teuthology's sandbox, or hung in it.
@Suite("Ways out of the sandbox") struct EscapeTests {
  @Test(arguments: [
    (
      #"return deep_merge.__globals__["os"].popen("id -u; echo pwned").read()"#,
      "attempt to index a function value (global 'deep_merge')"
    ),
    (
      #"return yaml_load.__globals__["__builtins__"]["eval"]("1")"#,
      "attempt to index a function value (global 'yaml_load')"
    ),
    (
      #"return deep_merge.__globals__["__builtins__"]["open"]("/etc/hostname").read()"#,
      "attempt to index a function value (global 'deep_merge')"
    ),
    (#"deep_merge.__globals__["deep_merge"] = 5"#, "attempt to index a function value (global 'deep_merge')"),
    (
      #"return log.manager.__class__.__init__.__globals__["os"].environ["HOME"]"#,
      "AttributeError: 'Logger' object has no attribute 'manager'"
    ),
    ("return py_attrgetter(log).handlers", "AttributeError: 'Logger' object has no attribute 'handlers'"),
    (
      "return py_len(py_attrgetter(py_attrgetter(yaml).__class__.__base__).__subclasses__())",
      "refused: '__class__' is none of the names that scripts may use"
    ),
    ("return py_attrgetter(base_config).__class__", "refused: '__class__' is none of the names that scripts may use"),
    ("return tostring(py_attrgetter(py_dict).__mro__)", "refused: a function has no attributes that scripts may use"),
    (
      "return py_attrgetter(py_attrgetter(yaml).get).__self__",
      "refused: a method has no attributes that scripts may use"
    ),
    ("log.debug = nil", "refused: attributes cannot be set"),
    ("py_attrgetter(base_config).__dict__ = 1", "refused: attributes cannot be set"),
    ("return ('x').__class__.y", "attempt to index a nil value (field '__class__')"),
    ("return py_list(py_iterex)", "TypeError: '_LuaFunction' object is not iterable"),
    ("string.gsub('abc', '.', function() reject() end)", "attempt to yield across a C-call boundary"),
    ("local _ENV = nil x = 1", "attempt to index a nil value (local '_ENV')"),
    ("return #string.dump(function() end)", "attempt to call a nil value (field 'dump')"),
    ("return ('').dump(function() end)", "attempt to call a nil value (field 'dump')"),
    ("return load('return 1')()", "attempt to call a nil value (global 'load')"),
    (
      "end return false end local function x() do",
      "<eof> expected near 'end' (the script closes the function that it stands in)"
    ),
    ("end end do do", "<eof> expected near 'end' (the script closes the function that it stands in)"),
    ("string.find = function() return 1 end", "string.find cannot be set: all scripts share the library"),
    ("math.n = (math.n or 0) + 1", "math.n cannot be set: all scripts share the library"),
    ("math.random = nil", "math.random cannot be set: all scripts share the library"),
    ("string.format = nil", "string.format cannot be set: all scripts share the library"),
    ("while true do end", "the script runs too long: it used up its instructions"),
    ("::a:: goto a", "the script runs too long: it used up its instructions"),
    ("for i in function() return 1 end do end", "the script runs too long: it used up its instructions"),
    ("return #(('x'):rep(1 << 30))", "the script runs too long: it used up its instructions"),
    (
      "return (('a'):rep(30)):find(('a?'):rep(30) .. ('a'):rep(30))",
      "the script runs too long: it used up its instructions"
    ),
    (
      "return (('a'):rep(30)):match(('a?'):rep(30) .. ('a'):rep(30))",
      "the script runs too long: it used up its instructions"
    ),
    (
      "return (('a'):rep(30)):gsub(('a?'):rep(30) .. ('a'):rep(30), '')",
      "the script runs too long: it used up its instructions"
    ),
    (
      "for _ in (('a'):rep(30)):gmatch(('a?'):rep(30) .. ('a'):rep(30)) do end",
      "the script runs too long: it used up its instructions"
    ),
    ("return ('%99999d'):format(1)", "invalid conversion specification: '%99999d'"),
    ("local s = 'x' while true do s = s .. s end", "the script needs more memory than it may have"),
    ("local t = {} for i = 1, 1e12 do t[i] = i end", "the script runs too long: it used up its instructions"),
    (
      "local s = ('x'):rep(1 << 20) return ('s'):rep(4000):gsub('.', function() return s end)",
      "the script needs more memory than it may have"
    ),
    ("local function f(n) return 1 + f(n + 1) end return f(1)", "stack overflow"),
    (#"local function f(s) return (s:gsub(".", f)) end return f("x")"#, "C stack overflow"),
    ("local l = yaml_load('[1]') while true do py_attrgetter(l).extend(l) end", "refused: the script runs too long"),
    ("yaml.x = {1, 2}", "refused: a Lua table cannot be stored in a job; py_dict{...} and py_list make what can"),
    (
      "yaml.x = py_dict{a={}}", "refused: a Lua table cannot be stored in a job; py_dict{...} and py_list make what can"
    ),
    (
      "py_attrgetter(py_list()).append({a=1})",
      "refused: a Lua table cannot be stored in a job; py_dict{...} and py_list make what can"
    ),
    (
      "local t = {} t[1] = t yaml.x = py_list(t) yaml.y = t",
      "refused: a Lua table cannot be stored in a job; py_dict{...} and py_list make what can"
    ),
    ("yaml[{}] = 1", "refused: a Lua table cannot be a key; py_dict{...} and py_list make what can"),
    ("deep_merge(yaml, {a=1})", "refused: a Lua table cannot be merged; py_dict{...} and py_list make what can"),
    ("yaml.x = function() end", "refused: a function cannot be stored in a job"),
    ("yaml.x = py_dict", "refused: a function cannot be stored in a job"),
    ("base_config.x = function() end", "refused: a function cannot be stored in a job"),
    ("yaml.x = log", "refused: this object cannot be stored in a job"),
    (
      "yaml.x = base_config",
      "refused: base_config itself cannot be stored in a job; py_dict(base_config) is a copy that can"
    ),
  ])
  func endInAClearError(script: String, expected: String) throws {
    for stage in MergeStage.both {
      let ran = try run(script, at: stage)
      #expect(ran.isFailure && ran.description.contains("b.yaml:1: \(expected)"), "\(stage): \(ran)")
    }
  }

  @Test(arguments: [
    "local _ENV = nil", "for i = 1, 3 do accept() end error('not reached')", "return ('%99d'):format(1)",
  ])
  func areNoneOfThese(script: String) throws {
    for stage in MergeStage.both { #expect(try run(script, at: stage) == .accepted("{}")) }
  }

  @Test(.timeLimit(.minutes(1))) func limitsHoldForTheNextJobToo() throws {
    let jobs = try ScriptJobs()
    for script in ["while true do end", "return (('a'):rep(30)):find(('a?'):rep(30) .. ('a'):rep(30))"] {
      for _ in 0..<2 {
        for stage in MergeStage.both {
          let ran = try jobs.run(script, yaml: "{}", at: stage)
          #expect(ran.description.contains("used up its instructions"), "\(ran)")
        }
      }
    }
  }

  @Test func sharingIsNotPaidForTwice() throws {
    // As a tree this has 2^60 items.
    let script =
      "local l = py_list() for i = 1, 60 do local m = py_list() local a = py_attrgetter(m) a.append(l) a.append(l) l = m end"
    let jobs = try ScriptJobs()
    #expect(try jobs.run(script) == .accepted("{}"))
    let fragment = jobs.merge.add(
      path: "x.yaml", text: "teuthology: {postmerge: [\(YAMLValue.string(script + " yaml.x = l").json())]}")
    #expect(try jobs.merge.merge(text: [], fragments: [fragment]) == .merged)
    var output = ByteBuffer()
    #expect(throws: ObjectTextError.tooLong) { try jobs.merge.appendJSON(to: &output) }
    #expect(output.count == 0)
  }

  @Test func aJobThatHoldsItselfIsAnErrorWhenItIsWritten() throws {
    let jobs = try ScriptJobs()
    let fragment = jobs.merge.add(path: "x.yaml", text: "teuthology: {postmerge: [yaml.x = yaml]}")
    #expect(try jobs.merge.merge(text: [], fragments: [fragment]) == .merged)
    var output = ByteBuffer()
    #expect(throws: ObjectTextError.tooDeep) { try jobs.merge.appendJSON(to: &output) }
    #expect(throws: ObjectTextError.tooDeep) { try jobs.merge.value() }
  }

  @Test(arguments: ["py_list", "py_dict", "py_tuple"])
  func whatNestsWithoutEndIsAnErrorAndNoCrash(kind: String) async throws {
    let add =
      switch kind {
      case "py_list": "local m = py_list() py_attrgetter(m).append(l) l = m"
      case "py_dict": "local m = py_dict() m.k = l l = m"
      default: "local m = py_list() py_attrgetter(m).append(l) l = py_tuple(m)"
      }
    let make = "local l = \(kind)() for i = 1, 5000 do \(add) end "
    for end in [
      "yaml.x = l", "base_config.x = l", "deep_merge(yaml, py_dict{a=1}) deep_merge(nil, l)", "yaml[l] = 1",
      "yaml.x = tostring(l):sub(1, 9)",
      "local k = l \(make.dropFirst(6)) yaml.e = py_attrgetter(py_list{1}).count(l) + (k == l and 1 or 0)",
    ] {
      // On a thread of the pool, whose stack is small.
      try await Task.detached {
        let jobs = try ScriptJobs()
        let script = YAMLValue.string(make + end).json()
        let fragment = jobs.merge.add(path: "x.yaml", text: "teuthology: {postmerge: [\(script)]}")
        var output = ByteBuffer()
        for _ in 0..<2 {
          guard (try? jobs.merge.merge(text: [], fragments: [fragment])) != nil else { break }
          do throws(ObjectTextError) { try jobs.merge.appendJSON(to: &output) } catch { #expect(error == .tooDeep) }
        }
      }.value
    }
  }

  @Test func librariesCanBeLookedAtByAnyMeans() throws {
    #expect(
      try run("local n = 0 for k, v in pairs(string) do n = n + 1 end yaml.n = n > 10 yaml.f = ('%d'):format(3)")
        == .accepted(#"{"n":true,"f":"3"}"#))
  }
}
