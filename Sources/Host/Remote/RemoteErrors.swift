import Synchronization

/// What comes over the standard error of an ssh connection: the events of the kdevlua at its other end, a JSON object a line, which
/// are shown as this one's own; and lines of ssh and of others.
final class RemoteErrors: Sendable {
  private struct State: Sendable {
    var lines: [String] = []
    /// The other side's numbers of steps and bars, and what they are here.
    var numbers: [Int: Int] = [:]
    var isConnected = false
  }
  private let host: LocalHost
  private let destination: String
  private let state = Mutex(State())
  /// So many lines are kept for an error's text.
  private static let kept = 20

  init(_ host: LocalHost, _ destination: String) {
    self.host = host
    self.destination = destination
  }

  /// The last lines that were no events.
  var text: String { state.withLock { $0.lines.joined(separator: "\n") } }

  /// From here on lines are shown, too: what goes wrong before is part of an error.
  func connected() { state.withLock { $0.isConnected = true } }

  /// Takes whole lines.
  func take(_ bytes: [UInt8]) {
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      if line.starts(with: Array(#"{"time":"#.utf8)), let event = JSONValue(json: Array(line)) {
        show(event)
      } else {
        let text = String(decoding: line, as: UTF8.self)
        let isShown = state.withLock { state in
          state.lines.append(text)
          if state.lines.count > Self.kept { state.lines.removeFirst() }
          return state.isConnected
        }
        if isShown { host.note("\(destination): \(text)") }
      }
    }
  }

  /// As `Progress` writes them.
  private func show(_ event: JSONValue) {
    let text = event["text"]?.string ?? ""
    let line = event["line"]?.string ?? ""
    switch event["event"]?.string {
    case "step_started":
      guard let number = number(event) else { return }
      host.observer.observe(.stepStarted(id: number, label: "\(destination): \(event["label"]?.string ?? "")"))
    case "step_changed":
      guard let number = number(event) else { return }
      host.observer.observe(.stepChanged(id: number, text: text))
    case "step_ended":
      guard let number = number(event) else { return }
      let detail = event["detail"]?.string ?? ""
      let outcome: StepOutcome =
        switch event["outcome"]?.string {
        case "adopted": .adopted(detail)
        case "failed": .failed
        default: .done(detail.isEmpty ? nil : detail)
        }
      host.observer.observe(.stepEnded(id: number, outcome: outcome))
    case "command": host.observer.observe(.command(ShellText.line(["ssh", destination, line])))
    case "planned": host.observer.observe(.planned(ShellText.line(["ssh", destination, line])))
    case "note": host.note("\(destination): \(text)")
    case "warning", "error": host.warn("\(destination): \(text)")
    case "log":
      guard case .object(let fields)? = event["fields"] else { return }
      host.log(
        LogLevel(rawValue: event["level"]?.string ?? "") ?? .info, "\(destination): \(text)",
        fields.sorted { $0.key < $1.key }.map { LogField($0.key, $0.value) })
    default: return
    }
  }

  private func number(_ event: JSONValue) -> Int? {
    guard let theirs = event["id"]?.integer else { return nil }
    return state.withLock { state in
      let ours = state.numbers[theirs] ?? host.nextStep()
      state.numbers[theirs] = ours
      return ours
    }
  }
}
