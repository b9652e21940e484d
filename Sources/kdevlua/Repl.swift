import ArgumentParser
import Glibc
import Host
import LuaKit
import LuaRuntime
import Modules
import TerminalText

/// `kdevlua repl`.
struct Repl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repl", abstract: "Read lines of Lua, run them and print their results.",
    discussion: "With a script, or -e, that is run first, and its globals are there at the prompt.")

  @OptionGroup var output: OutputOptions
  @Option(
    name: [.customShort("e"), .customLong("execute")], parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Lua to run before the first prompt. May be repeated.", valueName: "lua"))
  var sources: [String] = []
  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("A script to run before the first prompt, and its arguments.", valueName: "script"))
  var script: [String] = []

  func validate() throws {
    if script.first == "--help" || script.first == "-h" { throw CleanExit.helpRequest(self) }
    if let first = script.first, first.hasPrefix("-") {
      throw Words.unknownOption(first, of: ["--execute"] + Words.ofScripts)
    }
  }

  func run() throws {
    do {
      let host = try output.host()
      let stdlib = Stdlib(environment: host.options.environment)
      let arguments = Array(script.dropFirst())
      let environment = Environment(
        host: host, stdlib: stdlib, script: script.first ?? "repl", arguments: arguments)
      var first = sources.map { LuaScript.source($0, name: "=(command line)") }
      if let name = script.first { first.append(try stdlib.script(name, on: host)) }
      let (scripts, name) = (first, script.first ?? "repl")
      try Session.performLua(environment, isInteractive: true) { runtime in
        let talk = try await Conversation(runtime, environment)
        if !scripts.isEmpty {
          await runtime.setArguments(arguments, name: name, host: CommandLine.arguments[0])
        }
        // Whatever ends the conversation, what it has started is cancelled, and cleans up.
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await talk.run(scripts, arguments: arguments)) } catch { outcome = .failure(error) }
        await runtime.finish()
        try outcome.get()
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }
}

/// Lines in, results out.
private final class Conversation {
  private let runtime: LuaRuntime
  private var session: ReplSession
  private var lines: any LineSource
  /// For what goes to standard error.
  private let paint: Paint

  init(_ runtime: LuaRuntime, _ environment: Environment) async throws {
    self.runtime = runtime
    let variables = environment.host.options.environment
    let isTerminal = RawMode.isPossible(environment: variables)
    func paint(_ stream: Int32) -> Paint {
      Paint(isOn: isTerminal && Terminal.usesColor(stream, environment: variables))
    }
    let (paint, errorPaint) = (paint(Terminal.output), paint(Terminal.error))
    self.paint = errorPaint
    session = ReplSession(
      runtime, environment,
      style: { .init(columns: isTerminal ? RawMode.size.columns : 80, paint: paint) },
      print: { text in
        // What io.write has left in C's buffer comes before it.
        fflush(nil)
        Session.write(text, to: STDOUT_FILENO)
      })
    lines = isTerminal ? try TerminalLines(runtime, environment, paint, errorPaint) : PlainLines(runtime)
    try await runtime.define(global: "kdev", module: "kdev")
    try await session.prepare()
  }

  func run(_ scripts: [LuaScript], arguments: [String]) async throws {
    for script in scripts {
      do { _ = try await runtime.evaluate(script, arguments: arguments.map { .string($0) }) } catch {
        try await complain(error)
      }
    }
    lines.greet("Lua 5.4 in kdevlua. Tab completes, help() helps, Ctrl-D ends.\n")
    while true {
      if lines.reportsFailures { await Session.complainOfTasks(runtime, paint) }
      let line = await lines.next()
      if let status = await runtime.exitStatus { throw ExitCode(status) }
      switch line {
      case .end: return
      case .terminated: throw ExitCode(130)
      case .text(let text): guard try await take(text) else { return }
      }
      if lines.isTerminated { throw ExitCode(130) }
    }
  }

  /// - Returns: Whether the conversation goes on.
  private func take(_ text: String) async throws -> Bool {
    var source = PlainLines.source(of: text)
    let word = source.trimmed
    if ["exit", "quit", "exit()", "quit()"].contains(word), await !session.isDefined(String(word.prefix(4))) {
      return false
    }
    if word == "help" { source = "help()" }
    switch await runtime.compile(source) {
    case .complete(let chunk):
      if let remark = await session.remark(on: chunk) { say(paint(.yellow, remark)) }
      do { try await session.run(chunk) } catch { try await complain(error) }
    case .wrong(let error): say(paint(.red, error.message))
    // The text ended with the input.
    case .incomplete: say(paint(.red, "stdin: the input ends before the text does"))
    }
    return true
  }

  private func complain(_ error: any Error) async throws {
    if let status = await runtime.exitStatus { throw ExitCode(status) }
    fflush(nil)
    if let error = error as? LuaError, error.underlying is Cancelled { return say(paint(.red, "interrupted")) }
    let lines = Session.text(of: error).split(separator: "\nstack traceback:\n", maxSplits: 1)
    say(paint(.red, String(lines[0])))
    if lines.count > 1 { say(paint(.dim, "stack traceback:\n" + lines[1])) }
  }

  private func say(_ text: String) { Session.write(text + "\n", to: STDERR_FILENO) }
}

extension Session {
  /// Says the errors of tasks that nobody has awaited.
  static func complainOfTasks(_ runtime: LuaRuntime, _ paint: Paint) async {
    for error in await runtime.takeFailures() {
      write(paint(.red, "error in a task that nobody awaited: " + text(of: error)) + "\n", to: STDERR_FILENO)
    }
  }
}

/// Where the texts come from that are run.
protocol LineSource {
  /// The next text that is whole, or wrong.
  mutating func next() async -> Line
  /// Says something before the first one.
  func greet(_ text: String)
  /// The program was asked to end.
  var isTerminated: Bool { get }
  /// Somebody sits there who wants to know of a task's failure at once.
  var reportsFailures: Bool { get }
}

enum Line {
  case text(String)
  case end
  case terminated
}

extension String {
  /// The text without blanks at its ends.
  var trimmed: String {
    var rest = self[...].drop { $0.isWhitespace }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
