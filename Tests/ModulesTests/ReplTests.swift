import Host
import LineEditor
import LuaKit
import LuaRuntime
import Synchronization
import TerminalText
import Testing

@testable import Modules

/// A prompt without a terminal.
struct Prompt {
  let runtime: LuaRuntime
  let environment: Environment
  var session: ReplSession
  let printed = Printed()

  final class Printed: Sendable {
    private let texts = Mutex("")
    func add(_ text: String) { texts.withLock { $0 += text } }
    func take() -> String {
      texts.withLock { text in
        defer { text = "" }
        return text
      }
    }
  }

  init(_ runtime: LuaRuntime, columns: Int = 60) async throws {
    let host = try LocalHost(options: .init(environment: ["HOME": "/nonexistent"]), observer: SilentObserver())
    self.runtime = runtime
    environment = Environment(host: host, stdlib: Stdlib(environment: [:]))
    let printed = printed
    session = ReplSession(
      runtime, environment, style: { .init(columns: columns, paint: Paint(isOn: false)) }, print: { printed.add($0) })
    try await runtime.install(environment)
    try await runtime.define(global: "kdev", module: "kdev")
    try await session.prepare()
  }

  /// What is printed when the text is entered, or the error.
  func enter(_ text: String) async -> String {
    guard case .complete(let chunk) = await runtime.compile(text) else { return "not whole" }
    do throws(LuaError) { try await session.run(chunk) } catch { return "error: " + error.message }
    return printed.take()
  }

  /// What Tab offers behind the text.
  func tab(_ text: String) async -> [String] {
    await runtime.complete(text, environment)?.candidates.map { $0.text + $0.suffix } ?? []
  }
}

/// Runs the body with a prompt.
func atPrompt(columns: Int = 60, _ body: @escaping @Sendable (inout Prompt) async throws -> Void) throws {
  let executor = LuaExecutor()
  try executor.run {
    let runtime = try LuaRuntime(executor: executor)
    var prompt = try await Prompt(runtime, columns: columns)
    try await body(&prompt)
    await runtime.finish()
    await runtime.close()
  }
}

@Suite(.serialized) struct ReplTests {
  @Test func expressionsArePrintedAndStatementsAreNot() throws {
    try atPrompt { prompt in
      #expect(await prompt.enter("1+1") == "2\n")
      #expect(await prompt.enter("x = 5") == "")
      #expect(await prompt.enter("'a', nil, x") == "a\tnil\t5\n")
      #expect(await prompt.enter("_") == "a\n")
      #expect(await prompt.enter("-- nothing") == "")
    }
  }

  @Test func aTextIsWholeWhenItIsAChunkOrAnExpression() throws {
    try atPrompt { prompt in
      for text in ["if x then", "f(", "1 +", "x = ", "function f()", "[[a", "{ 1,"] {
        guard case .incomplete = await prompt.runtime.compile(text) else {
          Issue.record("\(text) is whole")
          continue
        }
      }
      for text in ["x x", ")", "'a", "1 + )"] {
        guard case .wrong = await prompt.runtime.compile(text) else {
          Issue.record("\(text) is not wrong")
          continue
        }
      }
    }
  }

  @Test func aNameThatWasLocalIsExplainedOnce() throws {
    try atPrompt { prompt in
      #expect(await prompt.session.remark(on: "local x, f <const> = 1") == nil)
      #expect(await prompt.session.remark(on: "do local z = 1 end") == nil)
      #expect(await prompt.session.remark(on: "return z, a.x, x2") == nil)
      #expect(await prompt.session.remark(on: "x = 3") == nil)
      #expect(
        await prompt.session.remark(on: "print(x)")
          == "x was local to an earlier input, and ended with it; without \"local\" it stays")
      #expect(await prompt.session.remark(on: "print(f)") == nil)
    }
  }

  @Test func kdevIsThereAlsoAfterALocalOfThatName() throws {
    try atPrompt { prompt in
      #expect(await prompt.session.remark(on: "local kdev <const>, x = require \"kdev\"") == nil)
      #expect(await prompt.session.remark(on: "return kdev.disk") == nil)
      #expect(await prompt.session.remark(on: "return x") != nil)
    }
  }

  @Test func aNameThatIsLocalAgainOrAFieldIsNotExplained() throws {
    try atPrompt { prompt in
      #expect(await prompt.session.remark(on: "local x = 1") == nil)
      #expect(await prompt.session.remark(on: "f { x = 1, y:x() }; function x.y() end") != nil)
    }
    try atPrompt { prompt in
      #expect(await prompt.session.remark(on: "local x = 1") == nil)
      #expect(await prompt.session.remark(on: "return { x = 1 }, y:x(), function(x) return x end") == nil)
      #expect(await prompt.session.remark(on: "for x = 1, 2 do print(x) end") == nil)
      // Outside of the block that has its own.
      #expect(await prompt.session.remark(on: "do local x = 1 end print(x)") != nil)
    }
  }
}

@Suite(.serialized) struct PrintedValueTests {
  @Test(arguments: [
    ("{}", "{}"), ("{1, 2, 'a'}", "{ 1, 2, \"a\" }"), ("{b = 1, a = {c = true}}", "{ a = { c = true }, b = 1 }"),
    ("{[1.5] = 1, [true] = 2, ['a b'] = 3, ['end'] = 4}", "{ [1.5] = 1, [\"a b\"] = 3, [\"end\"] = 4, [true] = 2 }"),
    (#"{"a\n\"\\\0\200é"}"#, #"{ "a\n\"\\\x00\xc8é" }"#),
    ("(function() local t = {} t.self = t return t end)()", "<1>{ self = <table 1> }"),
    ("{{{{{{1}}}}}}", "{ { { { { {...} } } } } }"), ("{{{{{{}}}}}}", "{ { { { { {} } } } } }"),
    ("{string.rep, kdev.disk.create}", "{ function: string.rep, function: kdev.disk.create }"),
    ("function() end", "function: stdin:1"),
    ("{setmetatable({}, {__tostring = function() return 'own' end})}", "{ own }"),
    ("{kdev.json.null}", "{ null }"), ("'plain\\ttext'", "plain\ttext"), ("nil", "nil"),
  ])
  func looksAsLuaWouldWriteIt(_ source: String, _ shown: String) throws {
    try atPrompt { prompt in #expect(await prompt.enter("return " + source) == shown + "\n") }
  }

  @Test func aTableThatDoesNotFitIsBroken() throws {
    try atPrompt(columns: 40) { prompt in
      let shown = await prompt.enter(
        "{ name = 'a rather long string', list = {1, 2, 3}, more = {x = 'long enough', y = 'to be broken'} }")
      #expect(
        shown == """
          {
            list = { 1, 2, 3 },
            more = {
              x = "long enough",
              y = "to be broken",
            },
            name = "a rather long string",
          }

          """)
      let list = await prompt.enter("(function() local t = {} for i = 1, 30 do t[i] = i end return t end)()")
      let lines = list.split(separator: "\n")
      #expect(lines.first == "{" && lines.last == "}" && (4...6).contains(lines.count))
      #expect(lines[1].hasPrefix("  1, 2, 3, 4,") && lines.allSatisfy { $0.count <= 40 })
    }
  }

  @Test func ofALongTableTheBeginningIsShown() throws {
    try atPrompt { prompt in
      let shown = await prompt.enter("(function() local t = {} for i = 1, 250 do t[i] = i end return t end)()")
      #expect(shown.hasSuffix("100,\n  ... and 150 more\n}\n"))
    }
  }
}

@Suite(.serialized) struct CompletionTests {
  @Test func namesAndFieldsAreOffered() throws {
    try atPrompt { prompt in
      _ = await prompt.enter(
        "thing = setmetatable({ one = 1, two = print, __hidden = 1 }, { __index = { three = print } })")
      #expect(await prompt.tab("thi") == ["thing"])
      #expect(await prompt.tab("x = thing.") == ["one", "three", "two"])
      #expect(await prompt.tab("thing:") == ["three", "two"])
      #expect(await prompt.tab("thing.__") == ["__hidden"])
      #expect(await prompt.tab("whi") == ["while"])
      #expect(await prompt.tab("local longname = 1; print(long") == ["longname"])
      #expect(await prompt.tab("('x'):re") == ["rep", "reverse"])
      #expect(await prompt.tab("nothing.at.") == [])
      #expect(await prompt.tab("-- thi") == [])
    }
  }

  @Test func functionsOfTheScriptAreNotCalled() throws {
    try atPrompt { prompt in
      _ = await prompt.enter("calls = 0; lazy = setmetatable({}, { __index = function() calls = calls + 1 end })")
      #expect(await prompt.tab("lazy.a.") == [])
      #expect(await prompt.tab("lazy.") == [])
      #expect(await prompt.enter("calls") == "0\n")
    }
  }

  @Test func modulesOfKdevAreOfferedBeforeTheyAreLoaded() throws {
    try atPrompt { prompt in
      #expect(await prompt.tab("kd") == ["kdev"])
      #expect(await prompt.tab("kdev.di") == ["disk"])
      #expect(await prompt.tab("kdev.disk.") == ["create", "debian", "image", "info", "overlay", "temporary"])
      #expect(await prompt.tab("require \"kdev.dis") == ["kdev.disk\""])
      #expect(await prompt.enter("package.loaded['kdev.disk']") == "nil\n")
    }
  }

  @Test func membersOfObjectsAreOffered() throws {
    try atPrompt { prompt in
      _ = await prompt.enter("q = kdev.task.queue(3)")
      #expect(await prompt.tab("q:") == ["close", "get", "items", "put"])
      #expect(await prompt.tab("q.ca") == ["capacity"])
      #expect(await prompt.tab("kdev.disk.info('x').b") == ["backing"])
      #expect(await prompt.tab("kdev.vm.get('x'):ex") == ["exec"])
      #expect(await prompt.tab("io.stdout:w") == ["write"])
    }
  }

  @Test(arguments: [
    ("kdev.disk.create { ", ["path = ", "size = ", "format = "]), ("kdev.disk.create({ path = 'a', si", ["size = "]),
    ("kdev.disk.create {\n  path = f{1, 2},\n  f", ["format = "]),
    ("kdev.disk.create { format = ", ["\"qcow2\"", "\"raw\""]),
    ("kdev.disk.create { format = \"q", ["qcow2\""]), ("kdev.disk.create { format = 'r", ["raw'"]),
    ("kdev.vm.launch { vhost = tr", ["true"]), ("kdev.vm.get('x'):exec { cw", ["cwd = "]),
    ("kdev.proc.run { 'a', stdout = { fi", ["file = "]), ("d = kdev.disk; kdev.disk.info { pa", []),
    ("d.create { pa", ["path = "]), ("q:put { x", ["xpcall"]),
  ])
  func optionsAndTheirValuesAreOffered(_ text: String, _ offered: [String]) throws {
    try atPrompt { prompt in
      _ = await prompt.enter("d = kdev.disk; q = kdev.task.queue(1)")
      let found = await prompt.tab(text)
      #expect(offered.allSatisfy { found.contains($0) } && (offered.count != 1 || found.count == 1), "\(found)")
    }
  }

  @Test func wrongWordsBeforeTheCursorDoNotMatter() throws {
    try atPrompt { prompt in
      _ = await prompt.enter("thing = { one = 1, [\"two words\"] = { three = 3 } }")
      #expect(await prompt.tab("x = 3x $ '\\q' thing.") == ["one"])
      #expect(await prompt.tab("#thi") == ["thing"])
      #expect(await prompt.tab("thing['two words'].") == ["three"])
      #expect(await prompt.tab("thing['two\\x20words'].") == ["three"])
      for text in ["3x", "é", "x = 'a", "--[[ thing.", "[==[ \n thing."] {
        #expect(await prompt.tab(text) == [], "\(text)")
      }
    }
  }

  @Test func filesAreOfferedInStrings() throws {
    try atPrompt { prompt in
      #expect(await prompt.tab("io.open(\"/proc/self/cmd") == ["cmdline\""])
      #expect(await prompt.tab("dofile '/proc/self/fdi") == ["fdinfo/"])
    }
  }
}

@Suite(.serialized) struct HelpTests {
  @Test func aFunctionIsShownWithItsOptions() throws {
    try atPrompt { prompt in
      let text = await prompt.enter("help(kdev.disk.create)")
      #expect(text.hasPrefix("kdev.disk.create { path, size, format? }\n\n  Makes an empty disk image"))
      #expect(text.contains("\n  format  \"qcow2\" or \"raw\", optional\n      Default \"qcow2\".\n"))
      #expect(text.contains("Returns\n  kdev.Disk\n"))
      #expect(await prompt.enter("help 'disk.create'") == text)
      #expect(await prompt.enter("local f = kdev.disk.create; help(f)") == text)
    }
  }

  @Test func modulesObjectsAndMethodsAreShown() throws {
    try atPrompt { prompt in
      #expect(await prompt.enter("help(kdev)").contains("\n  kdev.disk "))
      #expect(await prompt.enter("help(kdev.disk)").contains("kdev.disk.overlay { path, backing, size?, relative? }"))
      #expect(await prompt.enter("help(kdev.task.queue(1))").hasPrefix("kdev.Queue\n"))
      #expect(await prompt.enter("help 'Machine:exec'").contains("cwd  string, optional"))
      #expect(await prompt.enter("help()").contains("help(kdev.disk.create)"))
      #expect(await prompt.enter("help(string.rep)").contains("manual.html#pdf-string.rep"))
      #expect(await prompt.enter("help(string)") == "string: https://www.lua.org/manual/5.4/manual.html#6.4\n")
      #expect(await prompt.enter("help 'print'").contains("manual.html#pdf-print"))
    }
  }

  @Test func everyPageFitsTheTerminal() throws {
    try atPrompt { prompt in
      let types = prompt.environment.typeLibrary
      let help = Help(types: types, columns: 80, paint: Paint(isOn: false))
      for name in help.names {
        let text = try #require(help.text(named: name), "\(name)")
        for line in text.split(separator: "\n") where line.contains(" ") && !line.hasPrefix("  ") {
          #expect(line.count <= 80, "\(name): \(line)")
        }
      }
    }
  }

  @Test func anUnknownNameIsAnErrorThatNamesTheNearest() throws {
    try atPrompt { prompt in
      #expect(
        await prompt.enter("help 'kdev.dosk'")
          == "error: there is no text about \"kdev.dosk\"; did you mean \"kdev.disk\"?")
      #expect(
        await prompt.enter("help 'disk.creat'")
          == "error: there is no text about \"disk.creat\"; did you mean \"disk.create\"?")
      #expect(await prompt.enter("help 'prnt'").hasSuffix("did you mean \"print\"?"))
      #expect(await prompt.enter("help 'string.nothing'") == "error: there is no text about \"string.nothing\"")
    }
  }
}
