import Glibc
import Synchronization
import TerminalText

/// Shows the host's events to a person or a program, on standard error; the lines of a dry run are its result and go to
/// standard output.
public final class Progress: HostObserver {
  public enum Style: Sendable {
    /// A line a step, and a spinner while one takes longer than a second.
    case terminal(color: Bool)
    /// A line a step.
    case plain
    /// Nothing but the lines of a dry run or a trace.
    case quiet
    /// An object an event.
    case json
  }

  struct Running {
    let label: String
    var text: String?
    let start: ContinuousClock.Instant
  }

  struct State {
    var running: [Int: Running] = [:]
    var bars: [Int: Bar] = [:]
    /// Redraws the lines that change while work goes on.
    var drawer: Task<Void, Never>?
    /// How many such lines stand at the end of the terminal.
    var shownLines = 0
    var frame = 0
    /// A person is asked: nothing is drawn that would cover the answer.
    var questions = 0
  }

  let style: Style
  let paint: Paint
  private let trace: Bool
  let state = Mutex(State())

  public init(style: Style, trace: Bool) {
    self.style = style
    paint = if case .terminal(color: true) = style { Paint(isOn: true) } else { Paint(isOn: false) }
    self.trace = trace
  }

  /// The style that fits where standard error goes: NO_COLOR (no-color.org) and TERM=dumb are heeded.
  public static func style(quiet: Bool, json: Bool, environment: [String: String]) -> Style {
    if json { return .json }
    if quiet { return .quiet }
    guard Terminal.isTerminal(Terminal.error), Terminal.movesCursor(environment) else { return .plain }
    return .terminal(color: Terminal.usesColor(STDERR_FILENO, environment: environment))
  }

  public func observe(_ event: HostEvent) {
    state.withLock { state in
      switch event {
      case .stepStarted(let id, let label):
        state.running[id] = Running(label: label, start: .now)
        if case .json = style { json("step_started", [("id", .number(id)), ("label", .text(label))]) }
        beginDrawing(&state)
      case .stepChanged(let id, let text):
        state.running[id]?.text = text
        if case .json = style { json("step_changed", [("id", .number(id)), ("text", .text(text))]) }
      case .stepEnded(let id, let outcome):
        guard let step = state.running.removeValue(forKey: id) else { return }
        hideLines(&state)
        show(step, id, outcome)
        endDrawing(&state)
      case .progressStarted, .progressChanged, .progressEnded: observe(bar: event, &state)
      case .questionOpened(let prompt):
        hideLines(&state)
        state.questions += 1
        Descriptor.write(prompt, to: STDERR_FILENO)
      case .questionClosed: state.questions -= 1
      case .outputComes: hideLines(&state)
      case .command(let line):
        guard trace else { return }
        hideLines(&state)
        if case .json = style { json("command", [("line", .text(line))]) } else { put("+ \(line)") }
      case .planned(let line):
        if case .json = style {
          json("planned", [("line", .text(line))])
        } else {
          Descriptor.write(line + "\n", to: STDOUT_FILENO)
        }
      case .note(let text):
        if case .quiet = style { return }
        say("note", text, &state)
      case .warning(let text): say("warning", text, &state)
      case .log(let level, let text, let fields): log(level, text, fields, &state)
      }
    }
  }

  /// Says what the program ends with: as it is to a person, as an event to a program.
  public func complain(_ text: String) {
    state.withLock { state in
      hideLines(&state)
      if case .json = style { json("error", [("text", .text(text))]) } else { put("kdevlua: \(text)") }
    }
  }

  private func say(_ event: String, _ text: String, _ state: inout State) {
    hideLines(&state)
    if case .json = style { json(event, [("text", .text(text))]) } else { put("  \(paint(.yellow, "!")) \(text)") }
  }

  /// Debug is shown with a trace only, info not when it is to be quiet.
  private func log(_ level: LogLevel, _ text: String, _ fields: [LogField], _ state: inout State) {
    if level == .debug, !trace { return }
    if case .quiet = style, level == .info { return }
    hideLines(&state)
    if case .json = style {
      let object = JSONValue.object(Dictionary(fields.map { ($0.name, $0.value) }) { first, _ in first })
      json("log", [("level", .text(level.rawValue)), ("text", .text(text)), ("fields", .value(object))])
      return
    }
    let mark =
      switch level {
      case .debug, .info: paint(.cyan, "·")
      case .warning: paint(.yellow, "!")
      case .error: paint(.red, "✗")
      }
    put("  \(mark) \(text)" + fields.map { "  \($0.name)=\($0.value.shown)" }.joined())
  }

  private func show(_ step: Running, _ id: Int, _ outcome: StepOutcome) {
    let duration = step.start.duration(to: .now)
    let (mark, word, detail): (String, String, String?) =
      switch outcome {
      case .done(let detail): (paint(.green, "✓"), "done", detail)
      case .adopted(let detail): (paint(.cyan, "="), "adopted", detail)
      case .failed: (paint(.red, "✗"), "failed", nil)
      }
    switch style {
    case .quiet: break
    case .json:
      json(
        "step_ended",
        [
          ("id", .number(id)), ("label", .text(step.label)), ("outcome", .text(word)), ("detail", .text(detail ?? "")),
          ("seconds", .seconds(duration.seconds)),
        ])
    case .terminal, .plain:
      put("  \(mark) \(padded(step.label, to: 34)) \(duration.stepText)" + (detail.map { "  \($0)" } ?? ""))
    }
  }

  // MARK: - Output

  func put(_ line: String) { Descriptor.write(line + "\n", to: STDERR_FILENO) }

  enum Field {
    case text(String), number(Int), seconds(Double), value(JSONValue)
  }

  func json(_ event: String, _ fields: [(String, Field)]) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var members: [(String, JSONValue)] = [
      ("time", .number(Double(now.tv_sec) + Double(now.tv_nsec / 1_000_000) / 1000)), ("event", .string(event)),
    ]
    for (name, field) in fields {
      switch field {
      case .text(let text): members.append((name, .string(text)))
      case .number(let number): members.append((name, .integer(number)))
      case .value(let value): members.append((name, value))
      case .seconds(let seconds): members.append((name, .number((seconds * 1000).rounded() / 1000)))
      }
    }
    let text = members.map { "\(JSONValue.string($0.0).text):\($0.1.text)" }.joined(separator: ",")
    put("{\(text)}")
  }
}

extension JSONValue {
  /// For a person: a plain word as it is, all else as JSON.
  fileprivate var shown: String {
    guard let string, !string.isEmpty, string.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x22 && $0 != 0x7F }) else {
      return text
    }
    return string
  }
}

extension Duration {
  /// Width 8, as a column of a step's line: `  0.02 s`.
  var stepText: String {
    let hundredths = Int((seconds * 100).rounded())
    let text = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) s"
    return String(repeating: " ", count: max(0, 8 - text.count)) + text
  }
}
