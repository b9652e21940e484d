import Suite
import Testing

/// Expected values are those that teuthology 1.3.0 gave through lupa 2.8 with Lua 5.4.
@Suite("Objects in scripts") struct ObjectTests {
  @Test(arguments: [
    // Reading.
    ("return yaml.a == nil", "{a: null}", "{\"a\":null}"),
    ("return yaml.l[0] == 'x' and yaml.l[1] == 'y' and yaml.l[-1] == 'y'", "{l: [x, y]}", #"{"l":["x","y"]}"#),
    ("return yaml[1] == 'o' and yaml[1.0] == 'o' and yaml[true] == 'o'", "{1: o}", #"{"1":"o"}"#),
    ("return base_config.nope == nil", "{}", "{}"),
    ("return yaml.l == yaml.l and yaml.l ~= yaml.m and yaml.l ~= 'x'", "{l: [1], m: [1]}", #"{"l":[1],"m":[1]}"#),
    ("return yaml.b:find('-all$') == 4 and yaml.b.x == nil", "{b: wip-all}", #"{"b":"wip-all"}"#),
    ("return yaml.f == 0.5 and yaml.i == 1 and tostring(yaml.i) == '1.0'", "{f: 0.5, i: 1.0}", #"{"f":0.5,"i":1.0}"#),
    (
      "return yaml.l[0].year == 2024 and tostring(yaml.l[0]) == '2024-01-02'", "{l: [2024-01-02]}",
      #"{"l":["2024-01-02"]}"#
    ),
    ("return py_attrgetter(yaml).get('nope') == nil and py_attrgetter(yaml).get('a', 5) == 1", "{a: 1}", #"{"a":1}"#),
    // Writing.
    ("yaml.a = nil", "{a: 1}", #"{"a":null}"#),
    ("py_attrgetter(yaml).pop('a', nil) py_attrgetter(yaml).pop('zz', nil)", "{a: 1}", "{}"),
    (
      "yaml.i = 3 yaml.f = 3.0 yaml.d = 7/2 yaml.g = 6/2 yaml.q = 7//2 yaml.z = 2^3", "{}",
      #"{"i":3,"f":3.0,"d":3.5,"g":3.0,"q":3,"z":8.0}"#
    ),
    (
      "yaml.v = 'echo '..1 yaml.w = 'echo '..1.0 yaml.y = tostring(1e15)", "{}",
      #"{"v":"echo 1","w":"echo 1.0","y":"1e+15"}"#
    ),
    ("yaml.l[0] = 'z' yaml.l[-1] = true", "{l: [x, y]}", #"{"l":["z",true]}"#),
    ("yaml[1.0] = 'new'", "{1: old}", #"{"1":"new"}"#),
    ("py_attrgetter(yaml.l).append 'q'", "{l: []}", #"{"l":["q"]}"#),
    ("local a = py_list() yaml.x = a yaml.y = a py_attrgetter(yaml.x).append(1)", "{}", #"{"x":[1],"y":[1]}"#),
    (
      "yaml.x = base_config.kernel yaml.same = yaml.x == base_config.kernel", "{}",
      #"{"x":{"branch":"wip-foo","kdb":1,"sha1":"abc"},"same":true}"#
    ),
    // Text.
    (
      "yaml.t = tostring(yaml.m) .. tostring(yaml.n)", "{m: {a: q, l: [1, x, true, null]}, n: null}",
      #"{"m":{"a":"q","l":[1,"x",true,null]},"n":null,"t":"{'a': 'q', 'l': [1, 'x', True, None]}nil"}"#
    ),
    (
      "yaml.t = tostring(py_tuple{1}) .. tostring(py_tuple{}) .. tostring(yaml.l)", "{l: [1.0, 1.0e+16, 'it''s']}",
      #"{"l":[1.0,1e+16,"it's"],"t":"(1,)()[1.0, 1e+16, \"it's\"]"}"#
    ),
    ("yaml.n = #'é' yaml.m = py_len 'é'", "{}", #"{"n":2,"m":1}"#),
    // Constructors: a single table is one argument.
    ("yaml.l = py_list{'a', 'b'} yaml.m = py_list{'a'}", "{}", #"{"l":[1,2],"m":[1]}"#),
    ("yaml.d = py_dict{a=1} yaml.e = py_dict(py_list())", "{}", #"{"d":{"a":1},"e":{}}"#),
    ("yaml.l = py_list 'abc' yaml.t = py_tuple{py_list()}", "{}", #"{"l":["a","b","c"],"t":[1]}"#),
    ("local c = py_list(yaml.l) py_attrgetter(c).append(9) yaml.c = c", "{l: [1]}", #"{"l":[1],"c":[1,9]}"#),
    ("yaml.n = py_len{1,2,3} yaml.m = py_len(yaml)", "{}", #"{"n":3,"m":3}"#),
    ("yaml.d = py_dict(py_attrgetter(yaml.m).items())", "{m: {a: 1}}", #"{"m":{"a":1},"d":{"a":1}}"#),
    // Loops.
    (
      "for i, v in py_enumerate(yaml.l) do yaml['k'..i] = v end", "{l: [x, null]}",
      #"{"l":["x",null],"k0":"x","k1":null}"#
    ),
    ("for i, v in py_enumerate(yaml.l, 5) do yaml['k'..i] = v end", "{l: [x]}", #"{"l":["x"],"k5":"x"}"#),
    (
      "for k, v in py_iterex(py_attrgetter(yaml.m).items()) do yaml[k] = v end", "{m: {b: 1, a: null}}",
      #"{"m":{"b":1,"a":null},"b":1,"a":null}"#
    ),
    (
      "local n = 0 for k in py_iterex(yaml.l) do n = n + 1 yaml['t'..n] = tostring(k) end", "{l: [1, null]}",
      #"{"l":[1,null],"t1":"1","t2":"None"}"#
    ),
    ("for k in py_iterex(yaml.m) do yaml.last = k end", "{m: {a: 1, b: 2}}", #"{"m":{"a":1,"b":2},"last":"b"}"#),
    // teuthology's own.
    ("yaml.t = yaml_load('{a: [1, 2.5, yes, null]}')", "{}", #"{"t":{"a":[1,2.5,true,null]}}"#),
    ("deep_merge(yaml, yaml_load('{a: {c: 2}, l: [3]}'))", "{a: {b: 1}, l: [1]}", #"{"a":{"b":1,"c":2},"l":[1,3]}"#),
    ("log.debug('a %s', 1) log:debug('b') log.info {} return log.debug('x') == nil", "{}", "{}"),
    // Views of attributes and items.
    ("local a = py_attrgetter(yaml.l) return py_itemgetter(a)[0] == 1", "{l: [1]}", #"{"l":[1]}"#),
    ("return py_attrgetter(base_config).setdefault('zz', 1) == nil and base_config.zz == nil", "{}", "{}"),
    ("yaml.b = py_attrgetter(base_config)._conf.kernel.branch", "{}", #"{"b":"wip-foo"}"#),
  ])
  func behaveAsInPython(script: String, yaml: String, expected: String) throws {
    #expect(try run(script, yaml) == (expected == "rejected" ? .rejected : .accepted(expected)))
  }

  @Test(arguments: [
    ("append(4)", "[3,1,2,4]"), ("extend(py_tuple(yaml.l))", "[3,1,2,3,1,2]"), ("extend(yaml.l)", "[3,1,2,3,1,2]"),
    ("insert(0, 'x')", #"["x",3,1,2]"#), ("insert(-1, 'x')", #"[3,1,"x",2]"#), ("insert(99, 'x')", #"[3,1,2,"x"]"#),
    ("pop()", "[3,1]"), ("pop(0)", "[1,2]"), ("remove(1.0)", "[3,2]"), ("clear()", "[]"), ("reverse()", "[2,1,3]"),
    ("sort()", "[1,2,3]"), ("count(1)", "[3,1,2]"), ("index(2)", "[3,1,2]"), ("copy()", "[3,1,2]"),
  ])
  func listsHaveTheirMethods(call: String, expected: String) throws {
    #expect(try run("py_attrgetter(yaml.l).\(call)", "{l: [3, 1, 2]}") == .accepted("{\"l\":\(expected)}"))
  }

  @Test(arguments: [
    ("[[2, b], [2, a], [1], []]", "[[],[1],[2,\"a\"],[2,\"b\"]]"), ("[b, é, B, '']", "[\"\",\"B\",\"b\",\"é\"]"),
    (
      "[2, 1.5, true, -99999999999999999999, 99999999999999999999, .inf]",
      "[-99999999999999999999,true,1.5,2,99999999999999999999,null]"
    ),
    ("[2024-01-02, 2023-12-31]", "[\"2023-12-31\",\"2024-01-02\"]"),
    ("[[1, {}], [1, {}]]", "[[1,{}],[1,{}]]"),
    ("[9007199254740993, 9007199254740992.0]", "[9007199254740992.0,9007199254740993]"),
    ("[null]", "[null]"),
    ("[2024-01-02 00:00:01, 2024-01-02 00:00:00.5]", "[\"2024-01-02T00:00:00.500000\",\"2024-01-02T00:00:01\"]"),
  ])
  func listsAreSortedAsInPython(list: String, expected: String) throws {
    #expect(try run("py_attrgetter(yaml.l).sort()", "{l: \(list)}") == .accepted("{\"l\":\(expected)}"))
  }

  @Test(arguments: [
    ("[1, a]", "'<' not supported between instances of 'str' and 'int'"),
    ("[null, null]", "'<' not supported between instances of 'NoneType' and 'NoneType'"),
    ("[[1, {}], [1, {a: 1}]]", "'<' not supported between instances of 'dict' and 'dict'"),
    ("[[1], 1]", "'<' not supported between instances of 'int' and 'list'"),
  ])
  func whatHasNoOrderIsNotSorted(list: String, expected: String) throws {
    let ran = try run("py_attrgetter(yaml.l).sort()", "{l: \(list)}")
    #expect(ran.isFailure && ran.description.contains(expected), "\(ran)")
  }

  @Test func longListsAreSortedAndEqualItemsStay() throws {
    let script = """
      local l = py_attrgetter(yaml.l)
      for i = 1, 300 do l.append(yaml_load("[" .. i * 7 % 11 .. ", " .. i .. "]")) end
      l.sort()
      for i = 1, 299 do
        local a, b = yaml.l[i - 1], yaml.l[i]
        assert(a[0] < b[0] or a[0] == b[0] and a[1] < b[1])
      end
      l.clear()
      """
    #expect(try run(script, "{l: []}") == .accepted("{\"l\":[]}"))
  }

  @Test func numbersBeginAnywhere() throws {
    let script = "for i, v in py_enumerate(yaml.l, START) do yaml.n = i end"
    for (start, end) in [("1 << 40", "1099511627777"), ("-5", "-4"), ("math.maxinteger - 1", "9223372036854775807")] {
      #expect(try run(script.replacing("START", with: start), "{l: [1, 2]}") == .accepted("{\"l\":[1,2],\"n\":\(end)}"))
    }
    #expect(
      try run(script.replacing("START", with: "math.maxinteger"), "{l: [1, 2]}").description.contains("OverflowError"))
  }

  @Test(arguments: [
    ("update{c=3}", #"{"a":1,"b":2,"c":3}"#), ("update(yaml_load('[[c, 3]]'))", #"{"a":1,"b":2,"c":3}"#),
    ("setdefault('a', 5)", #"{"a":1,"b":2}"#), ("setdefault('c')", #"{"a":1,"b":2,"c":null}"#),
    ("pop('a')", #"{"b":2}"#),
    ("popitem()", #"{"a":1}"#), ("clear()", "{}"), ("get('a')", #"{"a":1,"b":2}"#), ("copy()", #"{"a":1,"b":2}"#),
    ("keys()", #"{"a":1,"b":2}"#),
  ])
  func dictsHaveTheirMethods(call: String, expected: String) throws {
    #expect(try run("py_attrgetter(yaml.m).\(call)", "{m: {a: 1, b: 2}}") == .accepted("{\"m\":\(expected)}"))
  }

  @Test func aReferenceIntoTheBaseChangesItForTheJobsThatFollow() throws {
    let jobs = try ScriptJobs()
    #expect(
      try jobs.run("yaml.kernel = base_config.kernel py_attrgetter(yaml.kernel).pop('sha1', nil)")
        == .accepted(#"{"kernel":{"branch":"wip-foo","kdb":1}}"#))
    let next = try jobs.run("return true")
    #expect(next == .accepted(#"{"kernel":{"branch":"wip-foo","kdb":1}}"#))
    #expect(jobs.merge.changedBase)
  }

  @Test func whatAScriptChangesInItsFragmentIsForItsJobOnly() throws {
    let jobs = try ScriptJobs()
    let text = """
      teuthology:
        premerge: |
          py_attrgetter(yaml_fragment.l[0].k).append(py_len(yaml_fragment.l))
          py_attrgetter(yaml_fragment.l).append(yaml_fragment.l[0])
      l: [{k: [0]}]
      """
    let fragment = jobs.merge.add(path: "a.yaml", text: text)
    for _ in 0..<3 {
      _ = try jobs.merge.merge(text: [], fragments: [fragment])
      #expect(try jobs.merge.value()["l"] == [["k": [0, 1]], ["k": [0, 1]]])
    }
  }
}
