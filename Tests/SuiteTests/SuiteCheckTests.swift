import Suite
import Testing

@Suite("Checking a suite") struct SuiteCheckTests {
  /// The problems of a tree, with its own path as "TREE". A script with "syntax" in it has a mistake, and one with a
  /// return goes wrong when something follows it.
  private func problems(_ tree: SuiteTree, nestedSubsets: Bool = true) -> [String] {
    let result = checkSuite(folder: tree.folder, nestedSubsets: nestedSubsets) { script in
      let isWrong = script.contains("syntax") || (script.hasSuffix("\nlocal _") && script.hasPrefix("return"))
      return isWrong ? ScriptSyntaxError(line: 2, message: "unexpected symbol") : nil
    }
    return result.problems.map { tree.relative($0.description) }
  }

  @Test func aSoundSuiteHasNoProblem() throws {
    let tree = try SuiteTree([
      "%": "", "a/1.yaml": "tasks: [x]\n", "a/2.yaml": "tasks: [y]\n", "b.yaml": "os_type: centos\n", "empty.yaml": "",
    ])
    let result = checkSuite(folder: tree.folder) { _ in nil }
    #expect(result.problems.isEmpty)
    #expect(result.fragments == 4)
  }

  @Test func allBrokenLinksAreFoundAndNotOnlyTheFirst() throws {
    let tree = try SuiteTree(
      ["%": "", "a/1.yaml": "", "p/%": "x", "p/a.yaml": ""],
      links: ["a/2.yaml": "nowhere", "b.yaml": "../nowhere", "c/d.yaml": "no"])
    #expect(
      problems(tree) == [
        "TREE/a/2.yaml: error: does not exist; is it a broken link?",
        "TREE/b.yaml: error: does not exist; is it a broken link?",
        "TREE/c/d.yaml: error: does not exist; is it a broken link?",
        "TREE/p/%: error: must be empty or have a number from 1 on, not 'x'",
      ])
    #expect(problems(tree, nestedSubsets: false).count == 3)
  }

  @Test func mistakesInYAMLHaveTheirLine() throws {
    let tree = try SuiteTree(
      ["a.yaml": "x: 1\ny: [\n", "b.yaml": "- x\n", "c.yaml": "teuthology: x\n"], links: ["d.yaml": "a.yaml"])
    let found = problems(tree)
    #expect(found.count == 3)
    #expect(found.first?.hasPrefix("TREE/a.yaml:2: error: ") == true)
    #expect(found.dropFirst().first == "TREE/b.yaml: error: a fragment must be a mapping, not a sequence")
    #expect(found.last == "TREE/c.yaml: error: teuthology must be a mapping, not a string")
  }

  @Test func scriptsMustBeTextsAndLua() throws {
    let tree = try SuiteTree([
      "a.yaml": "teuthology:\n  premerge: |\n    local x\n    syntax\n",
      "b.yaml": "teuthology: {premerge: [x]}\n",
      "c.yaml": "teuthology: {postmerge: [x, syntax, 1]}\n",
      "d.yaml": "teuthology: {postmerge: reject()}\n",
    ])
    #expect(
      problems(tree) == [
        "TREE/a.yaml:4: error: premerge: unexpected symbol",
        "TREE/b.yaml: error: teuthology.premerge must be a text, not a sequence",
        "TREE/c.yaml: error: teuthology.postmerge[1], line 2: unexpected symbol",
        "TREE/c.yaml: error: teuthology.postmerge[2] must be a text, not a integer",
        "TREE/d.yaml: error: teuthology.postmerge must be a list of texts, not a string",
      ])
  }

  @Test(arguments: [
    "reject()", "-- why\nreject('no kernel')", "do reject() end", "if true then reject() end", "return false", "return",
    "return nil -- x", "return 0;", " reject \"x\"", "local x = 1 reject()", "if a then reject() else reject() end",
    "if a then reject() elseif b then return false else error('x') end", "return \"\"", "return 0.0", "return -0",
    "return ('')", "--[[ why ]] reject()", "--[==[ a\n]] b ]==]\nreject()", "f(reject())", "local x <const> = reject{}",
    "for i = 1, 3 do f(i) end reject()", "while true do if f() then break end end reject()", "repeat reject() until x",
    "while x do break end return", "-- accept()\nlog.debug('accept') reject()",
    "do local y = 2 ; do return nil end end", "if false then accept() end reject()", "return not 1", "return reject()",
    "local function f() return true end reject()", "yaml.accept(1) reject()", "error('never')",
  ])
  func scriptsThatOnlyReject(_ script: String) throws {
    let quoted = YAMLValue.string(script).json()
    let pre = try SuiteTree(["a.yaml": "teuthology: {premerge: \(quoted)}\n"])
    #expect(problems(pre).map { $0.drop { $0 != " " } } == [" warning: this premerge script never accepts"])
    let post = try SuiteTree(["a.yaml": "teuthology: {postmerge: [\(quoted)]}\n"])
    #expect(problems(post) == ["TREE/a.yaml: warning: this postmerge script never accepts"])
  }

  @Test(arguments: [
    "if x then reject() end", "local reject", "return true", "return {}", "return false or 1", "rejected()",
    "return 01",
    "accept() reject()", "return 0, 1", "", "--[[ x ]] accept()", "--[[ reject() ]]",
    "if a then reject() elseif b then reject() end",
    "local x = a and accept() or 1 reject()", "a = b or reject()", "for i = 1, n do reject() end",
    "while x do reject() end",
    "local function f() reject() end", "local reject = f reject()", "reject = f reject()",
    "function reject() end reject()",
    "local function f() accept() end f() reject()", "local a = accept a() reject()", "goto on reject() ::on::",
    "while true do if f() then break end reject() end", "repeat if x then break end reject() until y",
    "return f()", "return x", "return 'x'", "return -1", "_ENV = t reject()", "if x then return {} end reject()",
    "for _, x in f() do if x then return true end end reject()",
  ])
  func scriptsThatMayAccept(_ script: String) throws {
    let tree = try SuiteTree(["a.yaml": "teuthology: {premerge: \(YAMLValue.string(script).json())}\n"])
    #expect(problems(tree) == [])
  }

  @Test func onlyWhatRunsBeforeItInItsJobsCanSaveAJob() throws {
    let rejects = "teuthology: {postmerge: [reject()]}\n"
    let warning = "TREE/p/b.yaml: warning: this postmerge script never accepts"
    func problems(_ other: String, _ files: [String: String]) throws -> [String] {
      let script = "teuthology: {postmerge: [\(YAMLValue.string(other).json())]}\n"
      return try self.problems(SuiteTree(files.mapValues { $0 == "SCRIPT" ? script : $0 }))
    }
    // A comment, a call in a fragment of other jobs, and one that comes too late.
    #expect(try problems("-- accept\nx = 1", ["p/%": "", "p/a.yaml": "SCRIPT", "p/b.yaml": rejects]) == [warning])
    #expect(try problems("accept()", ["p/b.yaml": rejects, "p/a.yaml": "SCRIPT"]) == [warning])
    #expect(try problems("accept()", ["p/%": "", "p/b.yaml": rejects, "p/c.yaml": "SCRIPT"]) == [warning])
    for script in [
      "if x then accept() end", "do return 1 > 0 end", "reject = f", "function g() accept() end", "local reject",
    ] {
      #expect(try problems(script, ["p/+": "", "p/a.yaml": "SCRIPT", "p/b.yaml": rejects]) == [], "\(script)")
    }
    #expect(try self.problems(SuiteTree(["a.yaml": "teuthology: {postmerge: [accept(), reject()]}\n"])) == [])
  }

  @Test func whatEveryJobBeginsWithIsMergedFirst() throws {
    let tree = try SuiteTree([
      "a.yaml": "teuthology: {meta: [x]}\n", "b.yaml": "teuthology: {meta: {x: 1}, fragments_dropped: {}}\n",
      "c.yaml": "teuthology: {meta: , postmerge: , fragments_dropped: [1], variables: {x: 1}}\n",
    ])
    #expect(
      problems(tree) == [
        "TREE/b.yaml: error: teuthology.fragments_dropped is a mapping, but a list in what every job begins with",
        "TREE/a.yaml: error: teuthology.meta is a list, but a mapping in what every job begins with",
      ])
  }

  @Test func aBaseConfigurationIsMergedBeforeAll() throws {
    let tree = try SuiteTree([
      "a.yaml": "o: {x: 1}\nd: 2024-01-01\n", "b.yaml": "teuthology: {postmerge: [reject()]}\n",
    ])
    func problems(_ yaml: String) throws -> [String] {
      let base = SuiteBase(path: "base.yaml", value: try YAMLValue(yaml: yaml, file: "base.yaml"))
      return checkSuite(folder: tree.folder, base: base) { _ in nil }.problems.map { tree.relative($0.description) }
    }
    let date = "TREE/a.yaml: error: d is a date, which can take the place of a value but not be new: write it in quotes"
    let never = "TREE/b.yaml: warning: this postmerge script never accepts"
    #expect(try problems("{}") == [never, date])
    #expect(
      try problems("o: [1]\nd: x\n") == [
        never, "TREE/a.yaml: error: o is a mapping, but a list in base.yaml, which is merged before it",
      ])
    #expect(try problems("d: x\nteuthology: {postmerge: [accept()]}\n") == [])
    #expect(
      try problems("d: x\nteuthology: {meta: [x]}\n") == [
        never, "base.yaml: error: teuthology.meta is a list, but every job begins with a mapping there",
      ])
    #expect(
      try problems("[1]\n") == ["base.yaml: error: must be a mapping, not a sequence", never, date])
  }

  @Test func fragmentsThatMeetMustHaveOneShape() throws {
    let tree = try SuiteTree([
      "%": "", "a/1.yaml": "o: {x: [1]}\n", "a/2.yaml": "o: {x: {y: 1}}\n", "b/1.yaml": "o: {x: text}\n",
      "b/2.yaml": "o: {x: [2]}\n", "c.yaml": "o: {x: null}\n",
    ])
    // a/1 and a/2 are alternatives.
    #expect(
      problems(tree) == [
        "TREE/b/1.yaml: error: o.x is a scalar, but a list in TREE/a/1.yaml, which is merged before it",
        "TREE/b/1.yaml: error: o.x is a scalar, but a mapping in TREE/a/2.yaml, which is merged before it",
        "TREE/b/2.yaml: error: o.x is a list, but a mapping in TREE/a/2.yaml, which is merged before it",
      ])
  }

  @Test func aDateCannotBeNew() throws {
    let tree = try SuiteTree([
      "%": "", "a.yaml": "x: 1\n", "b.yaml": "x: 2024-01-01\ny: {z: 2024-01-01}\nl: [2024-01-01]\n",
    ])
    #expect(
      problems(tree) == [
        "TREE/b.yaml: error: y.z is a date, which can take the place of a value but not be new: write it in quotes"
      ])
  }

  @Test func aPremergeScriptMayKeepThemApart() throws {
    let tree = try SuiteTree([
      "+": "", "a.yaml": "x: [1]\nteuthology: {premerge: f()}\n", "b.yaml": "x: 1\n",
    ])
    #expect(problems(tree).map { $0.contains(": warning: ") } == [true])
  }

  @Test func alternativesDoNotMeetUnlessAPlusTakesThemAll() throws {
    let files = ["a.yaml": "x: [1]\n", "b.yaml": "x: {}\n"]
    #expect(try problems(SuiteTree(files)) == [])
    #expect(try problems(SuiteTree(files.merging(["$": ""]) { old, _ in old })) == [])
    var all: [String: String] = ["+": ""]
    for (name, text) in files { all["sub/\(name)"] = text }
    #expect(try problems(SuiteTree(all)).count == 1)
  }

  @Test func aReturnMustBeTheLastPostmergeStatement() throws {
    let tree = try SuiteTree([
      "%": "", "a.yaml": "teuthology: {postmerge: [return true]}\n", "b.yaml": "teuthology: {postmerge: [x = 1]}\n",
    ])
    #expect(
      problems(tree) == [
        "TREE/a.yaml: error: its postmerge script ends with a return, but that of TREE/b.yaml follows it in one script"
      ])
  }

  @Test func aSliceThatMayFailIsNamed() throws {
    let tree = try SuiteTree([
      "%": "", "a/1.yaml": "", "a/2.yaml": "", "p/%": "2", "p/x/1.yaml": "", "p/x/2.yaml": "", "p/x/3.yaml": "",
      "p/y/1.yaml": "", "p/y/2.yaml": "",
    ])
    #expect(problems(tree) == ["TREE/p: warning: may be asked for more jobs than it has, and fail for some seeds"])
    #expect(problems(tree, nestedSubsets: false) == [])
  }
}
