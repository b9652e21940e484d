import Glibc
import Host
import LineEditor
import LuaKit
import LuaRuntime
import Modules
import Synchronization
import TerminalText

/// Lines that a person edits at a terminal, while tasks go on and print.
final class TerminalLines: LineSource {
  private let runtime: LuaRuntime
  private let environment: Environment
  private let console: Console
  private let errorPaint: Paint
  private let history: HistoryFile?
  private var entries: [String]
  private var decoder = KeyDecoder()
  /// What was typed and not looked at yet, also before the prompt was there.
  private var keys: [Key] = []
  private var editor = LineEditor()
  private var idleInterrupts = 0
  private let ending: Ending

  /// Shared with the thread that takes signals.
  private final class Ending: Sendable {
    let isAsked = Atomic(false)
  }

  init(_ runtime: LuaRuntime, _ environment: Environment, _ paint: Paint, _ errorPaint: Paint) throws {
    self.runtime = runtime
    self.environment = environment
    self.errorPaint = errorPaint
    let console = try Console(onStuck: { LuaRuntime.interrupt() })
    let ending = Ending()
    (self.console, self.ending) = (console, ending)
    Interruption.onEnd {
      ending.isAsked.store(true, ordering: .relaxed)
      LuaRuntime.interrupt()
      console.note(.terminated)
    }
    var file: HistoryFile?
    var entries: [String] = []
    do throws(HostError) {
      let opened = try HistoryFile("repl_history", in: environment.host.state)
      entries = try opened.load()
      file = opened
    } catch {
      Session.complain("no history: \(error.text)")
    }
    (history, self.entries) = (file, entries)
    editor.prompt = paint(.bold, ">") + " "
    editor.continuation = paint(.bold, ">>") + " "
  }

  var isTerminated: Bool { ending.isAsked.load(ordering: .relaxed) }

  let reportsFailures = true

  func greet(_ text: String) { Session.write(text, to: STDOUT_FILENO) }

  func next() async -> Line {
    await runtime.onNews { [console] in console.note(.other) }
    await runtime.listenForInterrupts(true)
    while true {
      editor = editor.next(history: entries)
      console.begin()
      let line = await edit()
      keys += decoder.decode(console.end())
      // A Ctrl-C that was typed right behind the line is meant for it.
      if case .text = line, let interrupt = keys.lastIndex(of: .control("c")) {
        keys.removeFirst(interrupt + 1)
        continue
      }
      await runtime.listenForInterrupts(false)
      return line
    }
  }

  private func edit() async -> Line {
    while true {
      if keys.isEmpty {
        draw()
        if let line = await wait() {
          keep()
          return line
        }
        continue
      }
      let key = keys.removeFirst()
      let action = editor.press(key)
      if action != .interrupt { idleInterrupts = 0 }
      switch action {
      case .draw: break
      case .bell: console.ring()
      case .enter: if let text = await enter() { return .text(text) }
      case .complete: await complete()
      case .interrupt: interrupt()
      case .end:
        keep()
        return .end
      case .suspend:
        keep()
        console.suspend()
      case .clearScreen: console.clear()
      }
    }
  }

  private func wait() async -> Line? {
    switch await console.next() {
    case .input(let bytes): keys += decoder.decode(bytes)
    case .resized:
      // The terminal has wrapped anew what is shown.
      let size = RawMode.size
      draw(over: editor.layout(columns: size.columns, rows: size.rows).cursorRow)
    case .resumed: console.resume()
    case .ended: return .end
    case .terminated: return .terminated
    case .other:
      if await runtime.exitStatus != nil { return .end }
      await Session.complainOfTasks(runtime, errorPaint)
    }
    return nil
  }

  private func draw(over row: Int? = nil) {
    let size = RawMode.size
    let layout = editor.layout(columns: size.columns, rows: size.rows)
    console.show(layout.drawing, cursorRow: layout.cursorRow, over: row)
  }

  /// Leaves the whole text on the screen, the cursor below it.
  private func keep(_ mark: String = "") {
    let size = RawMode.size
    console.keep(editor.finalLayout(columns: size.columns, rows: size.rows).drawing + mark)
  }

  private func enter() async -> String? {
    let text = editor.buffer.text
    if !text.trimmed.isEmpty, case .incomplete = await runtime.compile(PlainLines.source(of: text)) {
      editor.newLine()
      return nil
    }
    keep()
    editor = editor.next(history: entries)
    guard !text.trimmed.isEmpty else { return nil }
    remember(text)
    return text
  }

  private func remember(_ text: String) {
    guard let history, text != entries.last else { return }
    do throws(HostError) {
      guard try history.append(text) else { return }
    } catch {
      return Session.complain("no history: \(error.text)")
    }
    entries = HistoryFile.collapsed(entries + [text])
  }

  private func complete() async {
    let before = editor.buffer.textBefore
    // At the start of a line inside of a text there is nothing to complete but its indentation.
    if before.contains("\n"),
      before.split(separator: "\n", omittingEmptySubsequences: false).last?.trimmedIsEmpty == true
    {
      _ = editor.press(.text("  "))
      return
    }
    let completion = await runtime.complete(before, environment)
    if editor.offer(completion, columns: RawMode.size.columns) == .bell { console.ring() }
  }

  private func interrupt() {
    let wasEmpty = editor.buffer.isEmpty
    idleInterrupts = wasEmpty ? idleInterrupts + 1 : 0
    keep("^C")
    editor = editor.next(history: entries)
    if idleInterrupts >= 2 {
      Session.write(errorPaint(.dim, "Ctrl-D or exit ends the session") + "\n", to: STDERR_FILENO)
    }
  }
}

extension Substring {
  fileprivate var trimmedIsEmpty: Bool { allSatisfy(\.isWhitespace) }
}
