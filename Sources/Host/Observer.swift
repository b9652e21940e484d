/// How a step ended.
public enum StepOutcome: Sendable, Equatable {
  case done(String?)
  /// What is there already was taken over.
  case adopted(String)
  case failed
}

/// What the host says of its work while it works. Whoever draws, logs or counts listens to these; nothing in Host prints.
public enum HostEvent: Sendable, Equatable {
  case stepStarted(id: Int, label: String)
  case stepChanged(id: Int, text: String)
  case stepEnded(id: Int, outcome: StepOutcome)
  /// Work that is counted begins, goes on, and ends.
  case progressStarted(id: Int, ProgressState)
  case progressChanged(id: Int, ProgressState)
  case progressEnded(id: Int, ProgressState, failed: Bool)
  /// A person is asked, and what is typed has to stay readable until the answer is there.
  case questionOpened(String)
  case questionClosed
  /// The script is about to write to the terminal itself.
  case outputComes
  /// A command that runs now, as a shell line.
  case command(String)
  /// A command that a dry run leaves out, as a shell line.
  case planned(String)
  /// A choice or limit that the user should know of.
  case note(String)
  /// Something that the user has to act on: shown even where notes are not.
  case warning(String)
  /// What a script logs.
  case log(LogLevel, String, [LogField])
}

/// How much a line of a script's log matters.
public enum LogLevel: String, Sendable {
  /// For whoever looks for a mistake: shown with a trace only.
  case debug
  case info
  case warning
  case error
}

/// A value with its name beside the text of a line.
public struct LogField: Sendable, Equatable {
  public var name: String
  public var value: JSONValue

  public init(_ name: String, _ value: JSONValue) {
    self.name = name
    self.value = value
  }
}

/// Takes the host's events. May be called from any thread.
public protocol HostObserver: Sendable {
  func observe(_ event: HostEvent)
}

/// Hears nothing.
public struct SilentObserver: HostObserver {
  public init() {}
  public func observe(_ event: HostEvent) {}
}
