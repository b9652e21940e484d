import Suite

/// Real fragments, and the scripts in them.
struct Corpus {
  let fragments: [[UInt8]]
  let scripts: [[UInt8]]

  init(_ texts: [String]) {
    var scripts = Self.scripts
    for text in texts {
      guard let section = try? YAMLValue(yaml: text)["teuthology"] else { continue }
      for value in [section["premerge"]] + (section["postmerge"]?.sequence ?? []) {
        if let script = value?.string { scripts.append(script) }
      }
    }
    fragments = (texts + Self.fragments).map { Array($0.utf8) }
    self.scripts = scripts.map { Array($0.utf8) }
  }

  /// What real ones seldom have.
  private static let fragments = [
    "a: &a {b: [1, 2.5, ~, yes, 2024-01-02, 0x1f, 1:30, !!binary aGk=]}\nc: {<<: *a, d: *a}\n? [x, y]\n: |-\n  text\n",
    "a: &a [1]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\ne: >+\n  folded\n\n\nf: 'it''s'\ng: \"\\u00e9\\x41\\n\"\n",
  ]
  private static let scripts = [
    "local l = py_list() for i = 1, 20 do local m = py_list() py_attrgetter(m).append(l) py_attrgetter(m).append(l) l = m end yaml.x = l",
    "for i, v in py_enumerate(yaml.tasks, 3) do yaml['k' .. i] = v end yaml.n = py_len(yaml) yaml.t = tostring(yaml)",
    "for k, v in py_iterex(py_attrgetter(yaml).items()) do if tostring(v):find('^[%w_]+$') then reject(k) end end",
    "deep_merge(yaml, yaml_load('{a: [1, {b: 2}], c: {d: ~}}')) py_attrgetter(yaml.a).sort() py_attrgetter(yaml.a).extend(yaml.a)",
    "base_config.x = yaml base_config.y = py_dict(base_config) py_attrgetter(base_config).pop('x', nil)",
    "local t = py_tuple(yaml.tasks) yaml[t] = 1 yaml.d = py_attrgetter(yaml).setdefault('e', py_dict{a=1})",
    "py_attrgetter(frag_paths).pop() local s = ('a'):rep(30) return (s:gsub('(a?)(a?)', '%2%1')):match('()a+') > math.random(3)",
  ]
}

/// A changed text: some bytes or words are gone, others are there twice, and parts of two are one.
struct Mutation {
  private var state: UInt64
  private let corpus: Corpus

  init(seed: UInt64, _ corpus: Corpus) {
    state = seed &* 0x9E37_79B9_7F4A_7C15
    self.corpus = corpus
  }

  /// splitmix64.
  private mutating func below(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(max(1, bound)))
  }

  /// - Parameter most: how many changes there are at most.
  mutating func fragment(most: Int) -> String { text(corpus.fragments, Self.yamlWords, most) }

  /// A fragment with a changed script at one of the places where it can stand.
  mutating func script() -> String {
    let script = YAMLValue.string(text(corpus.scripts, Self.luaWords, 2))
    let section: YAMLValue = below(2) == 0 ? ["premerge": script] : ["postmerge": [script]]
    return YAMLValue.mapping(["a": [1, 2], "c": ["d": 1], "l": ["x", [1], .null], "teuthology": section]).json()
  }

  private mutating func text(_ texts: [[UInt8]], _ words: [String], _ most: Int) -> String {
    var bytes = texts[below(texts.count)]
    if below(8) == 0 {
      let other = texts[below(texts.count)]
      bytes = Array(bytes.prefix(below(bytes.count + 1)) + other.suffix(below(other.count + 1)))
    }
    for _ in 0..<below(most + 1) {
      let start = below(bytes.count + 1)
      let end = min(bytes.count, start + 1 + (below(3) == 0 ? below(60) : below(4)))
      switch below(10) {
      case 0: bytes.removeSubrange(start..<end)
      case 1: bytes.insert(contentsOf: bytes[start..<end], at: below(bytes.count + 1))
      case 2: bytes.replaceSubrange(start..<end, with: words[below(words.count)].utf8)
      case 3: bytes.insert(UInt8(below(256)), at: start)
      case 4: bytes.insert(contentsOf: words[below(words.count)].utf8, at: start)
      // What is well-formed mostly stays so.
      default:
        bytes.replaceSubrange(
          word(in: bytes, at: start), with: Array(bytes[word(in: bytes, at: below(bytes.count + 1))]))
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The letters and digits around a place.
  private func word(in bytes: [UInt8], at place: Int) -> Range<Int> {
    func isPart(_ byte: UInt8) -> Bool {
      byte == 0x5F || Character(Unicode.Scalar(byte)).isLetter || (48..<58).contains(byte)
    }
    var (start, end) = (place, place)
    while start > 0, isPart(bytes[start - 1]) { start -= 1 }
    while end < bytes.count, isPart(bytes[end]) { end += 1 }
    return start..<end
  }

  private static let yamlWords = [
    "&a ", "*a", "<<: ", "- ", ": ", "? ", "[", "]", "{", "}", "|\n", ">-\n  ", "'", "\"", "!!str ", "!!binary ", "!x ",
    "---\n", "...\n",
    "# ", "\n", "\n  ", "\t", "=", "~", "null", "yes", "0x", "1:30", "-.inf", ".nan", "99999999999999999999",
    "2024-02-30", "\u{feff}",
    "\u{85}", "é", "\\x", "%YAML 1.2\n", "teuthology: ", "premerge: ", "postmerge: ",
  ]
  private static let luaWords = [
    "while true do end ", "for i = 1, 1e9 do end ", "return ", "reject()", "accept()", "nil", "yaml", "yaml_fragment",
    "base_config",
    "filter_in", "frag_paths", "py_list", "py_dict", "py_tuple", "py_attrgetter", "py_iterex", "py_enumerate",
    "deep_merge", "yaml_load",
    "log", "math.random(2)", "string.rep('x', 1e5)", "[0]", "[-1]", ".a", ".l", "(", ")", "{", "}", " end ", " do ",
    "'", "\"", "..",
    " == ", " = ", "goto x ::x:: ", "local ", "function ", "_ENV", "...", "<close>", "1e308", "0x7fffffffffffffff",
    ".__class__", ", ",
    "().append(yaml)", "().extend(yaml.l)", "().pop()", "().clear()", "().items()", "tostring(", "error(", "assert(",
  ]
}
