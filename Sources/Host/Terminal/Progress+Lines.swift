import Glibc
import Synchronization
import TerminalText

/// The lines at the end of the terminal that change while work goes on: a bar for each piece of work that is counted, and a
/// spinner for the newest step.
extension Progress {
  struct Bar {
    var state: ProgressState
    let start: ContinuousClock.Instant
    /// What was last said of it where nothing can be redrawn: tenths, or percents for a program.
    var saidPart = 0
    var saidTime: ContinuousClock.Instant
  }

  func observe(bar event: HostEvent, _ state: inout State) {
    switch event {
    case .progressStarted(let id, let bar):
      state.bars[id] = Bar(state: bar, start: .now, saidTime: .now)
      if case .json = style { json("progress_started", fields(id, bar)) }
      beginDrawing(&state)
    case .progressChanged(let id, let bar):
      guard state.bars[id] != nil else { return }
      state.bars[id]?.state = bar
      sayPart(id, &state)
    case .progressEnded(let id, let last, let failed):
      guard let bar = state.bars.removeValue(forKey: id) else { return }
      hideLines(&state)
      let seconds = bar.start.duration(to: .now)
      switch style {
      case .quiet: break
      case .json:
        json(
          "progress_ended",
          fields(id, last) + [("outcome", .text(failed ? "failed" : "done")), ("seconds", .seconds(seconds.seconds))])
      case .plain, .terminal:
        let label = padded(last.label.isEmpty ? "progress" : last.label, to: 34)
        put("  \(failed ? paint(.red, "✗") : paint(.green, "✓")) \(label) \(seconds.stepText)  \(last.count)")
      }
      endDrawing(&state)
    default: break
    }
  }

  /// Where nothing can be redrawn, a line at every tenth, for a program at every hundredth; without a total every ten
  /// seconds, or every second.
  private func sayPart(_ id: Int, _ state: inout State) {
    guard let bar = state.bars[id] else { return }
    let isJSON = if case .json = style { true } else { false }
    let part = bar.state.fraction.map { Int($0 * (isJSON ? 100 : 10)) }
    let isDue =
      part.map { $0 > bar.saidPart } ?? (bar.saidTime.duration(to: .now) >= .seconds(isJSON ? 1 : 10))
    guard isDue else { return }
    switch style {
    case .quiet, .terminal: return
    case .json: json("progress", fields(id, bar.state))
    case .plain:
      // The end has a line of its own.
      if bar.state.fraction != 1 { put("  \(paint(.cyan, "·")) \(describe(bar.state))") }
    }
    state.bars[id]?.saidPart = part ?? 0
    state.bars[id]?.saidTime = .now
  }

  private func fields(_ id: Int, _ bar: ProgressState) -> [(String, Field)] {
    [("id", .number(id)), ("label", .text(bar.label)), ("done", .value(.number(bar.done)))]
      + (bar.total.map { [("total", .value(.number($0)))] } ?? []) + [("unit", .text(bar.unit))]
  }

  private func describe(_ bar: ProgressState) -> String {
    let percent = bar.fraction.map { "\(Int($0 * 100))%  " } ?? ""
    return (bar.label.isEmpty ? "" : bar.label + "  ") + percent + bar.count
  }

  // MARK: - Drawing

  /// To be called when work has begun.
  func beginDrawing(_ state: inout State) {
    guard case .terminal = style, state.drawer == nil else { return }
    state.drawer = Task.detached { [weak self] in await self?.draw() }
  }

  /// To be called when work has ended.
  func endDrawing(_ state: inout State) {
    guard state.running.isEmpty, state.bars.isEmpty else { return }
    state.drawer?.cancel()
    state.drawer = nil
  }

  private func draw() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(120))
      if Task.isCancelled { return }
      state.withLock { state in
        guard state.questions == 0, state.drawer != nil else { return }
        state.frame += 1
        let columns = Terminal.width(of: STDERR_FILENO) ?? 80
        // More lines than that would be more than a person follows.
        var lines = state.bars.sorted { $0.key < $1.key }.prefix(10).map { line($0.value, columns) }
        if let (_, step) = state.running.max(by: { $0.key < $1.key }), let line = line(step, state.frame) {
          lines.append(line)
        }
        guard !lines.isEmpty else { return }
        let shown = lines.map { DisplayWidth.truncate($0, to: columns - 1) + "\u{1b}[K" }.joined(separator: "\n")
        Descriptor.write(
          back(over: state.shownLines) + shown + (state.shownLines > lines.count ? "\u{1b}[J" : ""), to: STDERR_FILENO)
        state.shownLines = lines.count
      }
    }
  }

  func hideLines(_ state: inout State) {
    guard state.shownLines > 0 else { return }
    Descriptor.write(back(over: state.shownLines) + "\u{1b}[J", to: STDERR_FILENO)
    state.shownLines = 0
  }

  /// To the beginning of the first of the lines that end at the cursor.
  private func back(over lines: Int) -> String { lines > 1 ? "\r\u{1b}[\(lines - 1)A" : "\r" }

  /// Short steps need no spinner.
  private func line(_ step: Running, _ frame: Int) -> String? {
    let elapsed = step.start.duration(to: .now)
    guard elapsed >= .seconds(1) else { return nil }
    let frames = Array("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
    let text = step.text.map { ": \($0)" } ?? ""
    return "  \(frames[frame % frames.count]) \(step.label)\(text)  \(Int(elapsed.seconds)) s"
  }

  private func line(_ bar: Bar, _ columns: Int) -> String {
    let elapsed = bar.start.duration(to: .now).seconds
    guard let fraction = bar.state.fraction else {
      return "  " + describe(bar.state) + "  \(Int(elapsed)) s"
    }
    let left = fraction > 0.01 && elapsed > 2 ? "  \(Int((elapsed / fraction - elapsed).rounded(.up))) s left" : ""
    let label = bar.state.label.isEmpty ? "" : bar.state.label + "  "
    let text = "  \(Int(fraction * 100))%  \(bar.state.count)\(left)"
    let width = min(40, columns - 6 - DisplayWidth.of(label + text))
    guard width >= 8 else { return "  " + label + text }
    let full = Int(fraction * Double(width))
    let drawn = paint(.green, String(repeating: "━", count: full)) + String(repeating: "─", count: width - full)
    return "  " + label + drawn + text
  }

  func padded(_ text: String, to columns: Int) -> String {
    text + String(repeating: " ", count: max(1, columns - DisplayWidth.of(text)))
  }
}
