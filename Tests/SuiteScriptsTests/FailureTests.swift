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

  @Test func aPatternThatIsNoneIsNamed() throws {
    var filters = PlanFilters()
    (filters.any, filters.looksAtFragments) = (["%"], true)
    let merge = try FragmentMerge(MergeSetup(filters: filters), scripts: try ScriptJobs().scripts)
    let fragment = merge.add(path: "a.yaml", text: "")
    let error = #expect(throws: JobFailure.self) { try merge.merge(text: [], fragments: [fragment]) }
    #expect(error?.description.contains("malformed pattern (ends with '%')") == true)
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
    #"return deep_merge.__globals__["os"].popen("id -u; echo pwned").read()"#,
    #"return yaml_load.__globals__["__builtins__"]["eval"]("1")"#,
    #"return log.manager.__class__.__init__.__globals__["os"].environ["HOME"]"#,
    "return py_len(py_attrgetter(py_attrgetter(yaml).__class__.__base__).__subclasses__())",
    "return tostring(py_attrgetter(py_dict).__mro__)", "return py_attrgetter(log).handlers",
    #"return deep_merge.__globals__["__builtins__"]["open"]("/etc/hostname").read()"#,
    "log.debug = nil", #"deep_merge.__globals__["deep_merge"] = 5"#, "py_attrgetter(base_config).__dict__ = 1",
    "return py_attrgetter(base_config).__class__", "return py_attrgetter(py_attrgetter(yaml).get).__self__",
    "return #(('x'):rep(1 << 30))", "local s = 'x' while true do s = s .. s end",
    "local t = {} for i = 1, 1e12 do t[i] = i end",
    "return (('a'):rep(30)):find(('a?'):rep(30) .. ('a'):rep(30))", "return ('%99999d'):format(1)",
    "while true do end", "::a:: goto a", "for i in function() return 1 end do end",
    "local function f(n) return 1 + f(n + 1) end return f(1)",
    #"local function f(s) return (s:gsub(".", f)) end return f("x")"#,
    "string.find = function() return 1 end", "math.n = 1", "math.random = nil", "string.format = nil",
    "return #string.dump(function() end)", "return load('return 1')()", "return ('').dump(function() end)",
    "end return false end local function x() do", "end end do do",
    "local l = yaml.l while true do py_attrgetter(l).extend(l) end",
    "yaml.x = {1, 2}", "yaml.x = function() end", "py_attrgetter(yaml.l).append({a=1})", "yaml.x = py_dict{a={}}",
    "yaml.x = py_dict", "yaml.x = log", "yaml.x = base_config", "deep_merge(yaml, {a=1})",
    "base_config.x = function() end",
    "return ('x').__class__.y", "yaml[{}] = 1", "local t = {} t[1] = t yaml.x = py_list(t) yaml.y = t",
  ])
  func endInAClearError(script: String) throws {
    let ran = try run(script, "{l: [1]}")
    #expect(ran.isFailure && ran.description.contains("b.yaml"), "\(ran)")
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
