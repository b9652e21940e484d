import Host
import LuaKit
import LuaSyntax
import Testing

@testable import Modules

@Suite struct ScriptCheckTests {
  private static let repository = String(#filePath.dropLast("/Tests/ModulesTests/ScriptCheckTests.swift".count))
  private let checker: ScriptChecker

  init() throws {
    let host = try LocalHost(options: .init(environment: ["HOME": "/nonexistent"]), observer: SilentObserver())
    checker = ScriptChecker(host: host, stdlib: Stdlib(environment: ["KDEVLUA_STDLIB": "/nonexistent"]))
  }

  private func findings(_ script: String) throws -> [String] {
    try checker.check(Array(script.utf8), name: "x.lua", folder: "/nonexistent").map { $0.text(in: "x.lua") }
  }

  /// What is found in a script that begins with `local kdev <const> = require "kdev"` on its first line.
  private func found(_ script: String) throws -> [String] {
    try findings("local kdev <const> = require \"kdev\"\n" + script)
  }

  @Test(arguments: [
    (
      "kdev.disk.creat { path = 'a' }",
      "x.lua:2:11: error: kdev.disk has no field 'creat'\n  hint: did you mean 'create'?"
    ),
    ("kdev.dsk.info 'a'", "x.lua:2:6: error: kdev has no module 'dsk'\n  hint: did you mean 'disk'?"),
    (
      "local disk = kdev.disk; disk.inf('a')",
      "x.lua:2:30: error: kdev.disk has no field 'inf'\n  hint: did you mean 'info'?"
    ),
    ("require('kdev.time').nov()", "x.lua:2:22: error: kdev.time has no field 'nov'\n  hint: did you mean 'now'?"),
    ("require 'kdev.tim'", "x.lua:2:9: error: there is no module 'kdev.tim'\n  hint: did you mean 'kdev.time'?"),
    (
      "local vm <close> = kdev.vm.get 'a'; vm:exce { 'x' }",
      "x.lua:2:40: error: kdev.Machine has no method 'exce'\n  hint: did you mean 'exec'?"
    ),
    (
      "local vm = kdev.vm.get 'a'; vm.name = 'b'",
      "x.lua:2:32: error: cannot set field 'name': a kdev.Machine cannot be changed by assignment"
    ),
    ("kdev.vm.get('a').exec { 'x' }", "x.lua:2:23: error: Machine:exec is a method: call it with a colon"),
    ("kdev.disk:info 'a'", "x.lua:2:11: error: disk.info"),
    (
      "print(kdev.proc.run { 'ls' }.stdou)",
      "x.lua:2:30: error: kdev.proc.Result has no field 'stdou'\n  hint: did you mean 'stdout'?"
    ),
    (
      "for _, f in ipairs(kdev.merge.choose { fragments = 'a' }.facets) do print(f.nam) end",
      "x.lua:2:77: error: kdev.merge.Facet has no field 'nam'\n  hint: did you mean 'name'?"
    ),
  ])
  func anUnknownFieldOrMethodIsFound(_ script: String, _ finding: String) throws {
    let found = try found(script)
    #expect(found.count == 1)
    #expect(found.first?.replacing("kdev.disk.info is", with: "disk.info is").hasPrefix(finding) == true, "\(found)")
  }

  @Test(arguments: [
    (
      "kdev.disk.create { path = 'a', size = '1G', sise = 1 }",
      "kdev.disk.create: unknown field 'sise'\n  hint: did you mean 'size'?"
    ),
    ("kdev.disk.create { path = 'a' }", "kdev.disk.create: field 'size' is missing (string or integer expected)"),
    (
      "kdev.disk.create { path = 'a', size = nil }",
      "kdev.disk.create: field 'size' is missing (string or integer expected)"
    ),
    ("kdev.disk.create { path = 1, size = 1 }", "kdev.disk.create: field 'path': string expected, got number"),
    (
      "kdev.disk.create { path = 'a', size = 1.5 }",
      "kdev.disk.create: field 'size': number has no integer representation"
    ),
    (
      "kdev.disk.create { path = 'a', size = 1, ['fromat'] = 'raw' }",
      "kdev.disk.create: unknown field 'fromat'\n  hint: did you mean 'format'?"
    ),
    (
      "kdev.disk.create { path = 'a', size = 1, format = 'qcow' }",
      "kdev.disk.create: field 'format': \"qcow2\" or \"raw\" expected, got \"qcow\"\n  hint: did you mean 'qcow2'?"
    ),
    (
      "local o <const> = { path = 'a' }; kdev.disk.create(o)",
      "kdev.disk.create: field 'size' is missing (string or integer expected)"
    ),
    ("kdev.proc.run { 'ls', 3 }", "kdev.proc.run: field '[2]': string expected, got number"),
    (
      "kdev.proc.run { 'ls', stdout = { fil = 'a', file = 'b' } }",
      "kdev.proc.run: field 'stdout': unknown field 'fil'\n  hint: did you mean 'file'?"
    ),
    ("kdev.proc.run { 'ls', env = { A = 1 } }", "kdev.proc.run: field 'env.A': string expected, got number"),
    (
      "kdev.net.bridge { 'a', name = 'b' }",
      "kdev.net.bridge: a list element where named fields are expected: name, address, mtu, dhcp, masquerade, namespace"
    ),
    (
      "kdev.disk.overlay { path = 'a', backing = kdev.net.user() }",
      "kdev.disk.overlay: field 'backing': kdev.Disk expected, got kdev.UserNetwork"
    ),
    (
      "kdev.cli.options { about = 'a', { 'n', tpe = 'flag' } }",
      "kdev.cli.options: field '[1]': unknown field 'tpe'\n  hint: did you mean 'type'?"
    ),
  ])
  func aWrongOptionIsFound(_ script: String, _ finding: String) throws {
    let found = try found(script)
    #expect(found.count == 1)
    #expect(found.first?.hasSuffix("error: " + finding) == true, "\(found)")
  }

  @Test(arguments: [
    ("kdev.disk.info()", "kdev.disk.info: argument #1 'path' is missing (string expected)"),
    ("kdev.fs.read('a', 'b')", "kdev.fs.read: too many arguments: 2 given, 1 taken"),
    ("kdev.disk.info {}", "kdev.disk.info: argument #1 'path': string expected, got table"),
    ("kdev.time.now(1)", "kdev.time.now: too many arguments: 1 given, none taken"),
    ("kdev.time.format 'a'", "kdev.time.format: argument #1 'seconds': number expected, got \"a\""),
    ("kdev.net.bridge 'a'", "kdev.net.bridge: table expected, got \"a\""),
    ("kdev.ui.step('a', true)", "kdev.ui.step: argument #2 'body': function expected, got boolean"),
  ])
  func aWrongArgumentIsFound(_ script: String, _ finding: String) throws {
    let found = try found(script)
    #expect(found.count == 1)
    #expect(found.first?.hasSuffix("error: " + finding) == true, "\(found)")
  }

  @Test(arguments: [
    // What is not known is not judged.
    "local disk = kdev.disk; disk = other(); disk.nothing()",
    "local function f(vm, options) vm:nothing { 1 }; kdev.disk.create(options) end f()",
    "kdev.disk.create(...)", "kdev.disk.info(table.unpack {})", "kdev.disk.info('a', f())", "kdev.disk.info(g)",
    "local o <const> = { path = 'a' }; o.size = '1G'; kdev.disk.create(o)",
    "local o <const> = { path = 'a' }; fill(o); kdev.disk.create(o)",
    "local o <const> = { path = 'a' }; local p = o; p.size = 1; kdev.disk.create(o)",
    "local o <const> = { 'ls', stdout = {} }; o.stdout.file = 'a'; kdev.proc.run(o)",
    "local o <const> = { 'ls', stdout = {} }; local s = o.stdout; s.file = 'a'; kdev.proc.run(o)",
    "local o = { path = 'a' }; if x then o = { path = 'a', size = 1 } end; kdev.disk.create(o)",
    "local o <const> = { path = 'a', [key()] = '1G' }; kdev.disk.create(o)",
    "kdev.net.bridge { f(), name = 'a' }", "kdev.proc.run { 'ls', table.unpack(list) }",
    // What is looked for first may be missing, and what the script gives itself is there.
    "if kdev.fs.nothing then kdev.fs.nothing() end", "local f = kdev.fs.nothing or other; f()",
    "local f = kdev.fs.nothing and kdev.fs.nothing() or 1", "if not kdev.fs.nothing then return end; kdev.fs.nothing()",
    "if kdev.fs.nothing == nil then return end", "function kdev.fs.mine() end kdev.fs.mine()",
    "kdev.fs.mine = 1; print(kdev.fs.mine)",
    "local r <const> = kdev.proc.run { 'ls' }; r.more = 1; print(r.more)",
    // What Lua turns into the other, and numbers that are whole.
    "kdev.fs.write('a', 1)", "kdev.time.format('10')", "kdev.disk.create { path = 'a', size = 2.0 }",
    "kdev.task.sleep '1'", "kdev.vm.get(1)",
    // Results that may be nil, and options that may be left out.
    "kdev.kernel.find { path = kdev.env.get 'KERNEL' }", "kdev.kernel.find { path = nil }", "kdev.kernel.find(nil)",
    "kdev.kernel.find()", "kdev.json.encode(nil)", "kdev.log.info('a', { b = {} })",
    // Names that mean something else here.
    "local function f(kdev) kdev.nothing() end f {}", "local require = f; require('kdev').nothing()",
    "local t = {}; for _, kdev in ipairs(t) do kdev.nothing() end", "local s = 'x'; s:nothing()",
    "kdev['disk']['info'] 'a'", "local a <const>, b <const> = kdev.disk, kdev.fs; a.info 'a'; b.read 'b'",
    "kdev.nothing() ---@diagnostic disable-line: undefined-field",
    "---@diagnostic disable-next-line\nkdev.nothing()", "---@diagnostic disable\nkdev.nothing()\nkdev.more()",
  ])
  func whatMayBeRightIsLeftAlone(_ script: String) throws {
    #expect(try found("local other, fill, x, f, g, key, list\n" + script) == [])
  }

  @Test func aModuleThatTheScriptPutsInItsPlaceIsNotJudged() throws {
    #expect(
      try findings("package.loaded['kdev.fs'] = { mine = print }; require('kdev.fs').mine()") == [])
    #expect(try findings("package.path = 'x'; require('kdev.fs').mine()").count == 1)
  }

  @Test func aModuleOfTheTeamTakesThePlaceOfKdevs() throws {
    let folder = "/tmp/kdevlua-check-\(Files.user)-\(Int.random(in: 0..<1_000_000))"
    try Files.makeFolder(folder + "/kdev")
    try Files.write(Array("return {}".utf8), to: folder + "/kdev/git.lua")
    defer { try? Files.removeTree(folder) }
    let script = Array("local kdev = require 'kdev'; kdev.git.head(); require('kdev.git').x()".utf8)
    #expect(try checker.check(script, name: "x.lua", folder: folder) == [])
    #expect(try checker.check(script, name: "x.lua", folder: "/nonexistent").count == 2)
  }

  @Test func aSyntaxErrorIsToldInLuasWordsWithItsColumn() throws {
    #expect(try findings("x = 1\nif x the\n") == ["x.lua:2:6: error: 'then' expected near 'the'"])
    #expect(try findings("#!/usr/bin/env -S kdevlua run\nx =") == ["x.lua:2:4: error: unexpected symbol near <eof>"])
    // Only Lua's compiler sees this one.
    #expect(
      try findings("\ngoto nowhere")[0].hasPrefix("x.lua:2:1: error: no visible label 'nowhere' for <goto> at line 2"))
    #expect(try findings("local x <const> = 1; x = 2") == ["x.lua:1:1: error: attempt to assign to const variable 'x'"])
  }

  @Test func aGlobalThatNobodyGivesAValueIsAWarning() throws {
    #expect(
      try findings("prnt(1)") == [
        "x.lua:1:1: warning: the global 'prnt' is nowhere given a value\n  hint: did you mean 'print'?"
      ])
    #expect(
      try findings("kdev.fs.read 'a'")
        .first?.hasSuffix("hint: local kdev <const> = require \"kdev\"") == true)
    #expect(try findings("function f() end f() x = 1 print(x, arg[1], _VERSION)") == [])
    #expect(try findings("setmetatable(_G, {}) strange()") == [])
    #expect(try findings("local _ENV = {} strange()") == [])
  }

  @Test(arguments: [
    "for _, word in ipairs(options.path) do print(word) end",
    "local text, count = options.path:gsub('a', 'b')",
    "for _, a in ipairs(print(options.path)) do for _, b in pairs(options.path) do print(a, b) end end",
  ])
  func readingAFieldOfATableOfOptionsDoesNotHideWhatIsWrongInIt(_ reader: String) throws {
    let findings = try found(
      "local options <const> = { path = 'a', siz = 1, size = 1 }\n\(reader)\nkdev.disk.create(options)")
    #expect(findings.contains { $0.contains("unknown field 'siz'") }, "\(findings)")
  }

  @Test func theLineOfASyntaxErrorIsFoundBehindANameWithNumbers() throws {
    for name in ["a:7:b.lua", "x/" + String(repeating: "y", count: 80) + ":7:b.lua"] {
      let findings = try checker.check(Array("\n\nx = =".utf8), name: name, folder: "/nonexistent")
      #expect(findings.map(\.line) == [3])
      #expect(findings.map(\.message) == ["unexpected symbol near '='"])
    }
  }

  /// The scripts of the project and of its documentation are right, and are parsed.
  @Test func allScriptsOfTheProjectPass() throws {
    for folder in ["stdlib", "Tests/Lua", "docs", "Sources/Modules"] {
      for file in try ScriptChecker.scripts(at: Self.repository + "/" + folder) {
        let bytes = try Files.read(file)
        #expect(throws: Never.self, "\(file)") { try Parser.parse(SourceText(bytes)) }
        let findings = try checker.check(bytes, name: file, folder: Files.folder(of: file))
        #expect(findings.map { $0.text(in: file) } == [])
      }
    }
  }

  @Test func allExamplesOfTheDocumentationPass() throws {
    var count = 0
    for file in try Glob.list(Self.repository + "/docs/**/*.md") + Glob.list(Self.repository + "/*.md") {
      for part in try Files.text(file).split(separator: "\n```lua\n").dropFirst() {
        let code = String(part.prefix(upTo: part.ranges(of: "\n```").first?.lowerBound ?? part.endIndex))
        // The names that an example takes for granted are none of its mistakes.
        let errors = try checker.check(Array(code.utf8), name: file, folder: "/nonexistent").filter {
          $0.severity == .error
        }
        #expect(errors.map { $0.text(in: file) + "\n" + code } == [])
        count += 1
      }
    }
    #expect(count >= 8)
  }
}
