import Glibc
import Synchronization

/// This machine, as the rooms of Host act on it: one door for every command, so that a dry run, a trace, a time limit
/// and a cancellation mean the same everywhere.
public final class LocalHost: Sendable {
  public struct Options: Sendable {
    /// Change nothing; say each change as a shell line instead.
    public var dryRun = false
    /// The caller's environment.
    public var environment: [String: String]
    /// Whether this program has the command `stamp`; without it nobody notes when consoles say what.
    public var hasStamp: Bool
    public init(dryRun: Bool = false, environment: [String: String], hasStamp: Bool = false) {
      self.dryRun = dryRun
      self.environment = environment
      self.hasStamp = hasStamp
    }
  }

  public let options: Options
  public let executables: Executables
  public let state: StateDirectory
  public let journal: Journal
  public let observer: any HostObserver
  let startGate = StartGate()
  let openMachines = OpenMachines()
  private let steps = Atomic<Int>(0)
  private let hurried = Atomic<Bool>(false)
  private let sudo = Mutex<Bool?>(nil)
  /// Whether sudo allows a batch of ip's commands.
  let batchAllowed = Mutex<Bool?>(nil)
  private let plannedFolders = Mutex<Set<String>>([])
  /// Ports and addresses that no other kdevlua may take meanwhile.
  let reservations = Mutex(Reservations())
  /// Lines of the journal that a dry run has said it would undo.
  let plannedUndone = Mutex<Set<Int>>([])

  /// - Throws: `invalid` when the environment leaves no place for the state.
  public init(options: Options, observer: any HostObserver) throws(HostError) {
    self.options = options
    self.observer = observer
    executables = Executables(path: options.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")
    state = try StateDirectory(environment: options.environment)
    journal = Journal(folder: state.journal)
  }

  public var isDryRun: Bool { options.dryRun }

  /// From now on no guest is given the time to power off: machines that are stopped are ended.
  public func hurry() { hurried.store(true, ordering: .relaxed) }
  var isHurried: Bool { hurried.load(ordering: .relaxed) }

  // MARK: - Steps

  /// Runs `body` as a step that a person watches: a line with what it did and how long it took.
  /// - Parameter label: what is being done, a few words.
  public func step<R, E: Error>(_ label: String, _ body: (Step) async throws(E) -> R) async throws(E) -> R {
    let id = steps.add(1, ordering: .relaxed).newValue
    let step = Step(id: id, observer: observer)
    observer.observe(.stepStarted(id: id, label: label))
    do throws(E) {
      let result = try await body(step)
      observer.observe(.stepEnded(id: id, outcome: step.outcome))
      return result
    } catch {
      observer.observe(.stepEnded(id: id, outcome: .failed))
      throw error
    }
  }

  /// A number for a step that somebody else tells of.
  func nextStep() -> Int { steps.add(1, ordering: .relaxed).newValue }

  /// Makes a change that no program makes for us; a dry run says it instead.
  /// - Parameter command: what a person would type for it.
  public func change(saying command: [String], _ body: () throws(HostError) -> Void) throws(HostError) {
    if !plans(ShellText.line(command)) { try body() }
  }

  /// Says a choice or a limit that the user should know of.
  public func note(_ text: String) { observer.observe(.note(text)) }

  /// Begins to count a piece of work.
  public func progress(_ state: ProgressState) -> ProgressBar {
    ProgressBar(id: steps.add(1, ordering: .relaxed).newValue, state, observer: observer)
  }

  /// Says that the script writes to the terminal, where a spinner or a bar may be.
  public func outputComes() { observer.observe(.outputComes) }

  /// Says what a script logs.
  public func log(_ level: LogLevel, _ text: String, _ fields: [LogField]) {
    observer.observe(.log(level, text, fields))
  }

  /// Says what the user has to act on.
  func warn(_ text: String) { observer.observe(.warning(text)) }

  /// In a dry run, says the line and returns true: the caller leaves the change out.
  public func plans(_ line: @autoclosure () -> String) -> Bool {
    guard isDryRun else {
      observer.observe(.command(line()))
      return false
    }
    observer.observe(.planned(line()))
    return true
  }

  /// Makes a folder of the state, for the owner alone; a dry run says it once.
  func makeStateFolder(_ path: String) throws(HostError) {
    guard !Files.isFolder(path), plannedFolders.withLock({ $0.insert(path).inserted }) else { return }
    if !plans("mkdir -p \(ShellText.quote(path))") { try state.make(path) }
  }

  // MARK: - Commands

  /// Runs a command to its end. In a dry run a change is said and taken as done.
  /// - Parameters:
  ///   - timeLimit: ends the command's whole process group when it passes.
  /// - Returns: its status and output; a status other than 0 is not an error here.
  /// - Throws: `missing` when the program is not installed, `permission` when it needs root and `sudo -n` gives none,
  ///   `timeout`, `cancelled`, `system` when it could not be started.
  public func run(_ command: Command, timeLimit: Duration? = nil) async throws(HostError) -> CommandResult {
    try await run(command, timeLimit: timeLimit) { program, arguments async throws(HostError) in
      try await self.spawn(program, arguments, of: command)
    }
  }

  /// The same, with another way to start the program.
  func run(
    _ command: Command, timeLimit: Duration?,
    _ spawn: @escaping @Sendable (_ program: String, _ arguments: [String]) async throws(HostError) -> CommandResult
  ) async throws(HostError) -> CommandResult {
    let viaSudo = command.asRoot && !isRoot
    let lines = command.shellLines(sudo: viaSudo)
    if isDryRun, command.effect == .change {
      for line in lines { observer.observe(.planned(line)) }
      return CommandResult(status: 0)
    }
    guard let name = command.arguments.first else { throw HostError(.invalid, "an empty command") }
    do throws(HostError) {
      var program = try executables.require(name)
      var arguments = Array(command.arguments.dropFirst())
      if viaSudo {
        guard try await canUseSudo() else { throw noRoot(for: lines.first ?? name) }
        arguments = ["-n", program] + arguments
        program = try executables.require("sudo")
      }
      for line in lines { observer.observe(.command(line)) }
      let result = try await withTimeLimit(timeLimit, "\(name) did not end") {
        [program, arguments] () async throws(HostError) in
        try await spawn(program, arguments)
      }
      if viaSudo, Self.isRefusedBySudo(result) {
        throw HostError(
          .permission, "this needs root, and sudo does not allow it: \(lines.first ?? name)", hint: Self.rootHint,
          detail: result.errorText)
      }
      return result
    } catch {
      // Which command it was, for whoever branches on it.
      var error = error
      if error.code == .missing || error.code == .timeout { error.command = error.command ?? command.arguments }
      throw error
    }
  }

  /// Runs a command, and goes on before its end once what it was run for has happened. What it still waits for is the kernel's
  /// affair: it ends by itself, also after this program.
  /// - Parameter hasHappened: looked at each millisecond; nil waits for the command's end.
  /// - Returns: as `run`; a status of 0 and no output when it has not ended.
  func run(
    _ command: Command, orUntil hasHappened: (@Sendable () -> Bool)?
  ) async throws(HostError) -> CommandResult {
    guard let hasHappened, !isDryRun else { return try await run(command) }
    var command = command
    // It keeps nobody's folder busy.
    command.workingDirectory = command.workingDirectory ?? "/"
    let end = Watched<Result<CommandResult, HostError>?>(nil)
    let running = Task { [command] in
      let result: Result<CommandResult, HostError>
      do throws(HostError) { result = .success(try await run(command)) } catch { result = .failure(error) }
      end.change { $0 = result }
    }
    do throws(HostError) {
      while true {
        if let result = end.quietly({ $0 }) { return try result.get() }
        if hasHappened() { return CommandResult(status: 0) }
        try await pause(.milliseconds(1))
      }
    } catch {
      running.cancel()
      await running.value
      throw error
    }
  }

  /// Runs a command that has to succeed.
  /// - Parameter purpose: what it is for, as in "could not PURPOSE".
  /// - Throws: as `run`, and `command` with the status and standard error when it fails.
  @discardableResult
  public func require(
    _ command: Command, to purpose: String, timeLimit: Duration? = nil
  ) async throws(HostError) -> CommandResult {
    let result = try await run(command, timeLimit: timeLimit)
    guard result.succeeded else { throw failure(of: command, result, to: purpose) }
    return result
  }

  /// The error of a command that failed.
  func failure(of command: Command, _ result: CommandResult, to purpose: String, hint: String? = nil) -> HostError {
    let text = result.errorText
    var hint = hint
    if hint == nil, text.contains("No space left on device") {
      hint = "make room on the file system (df -h), or choose another folder"
    }
    return HostError(
      .command, "could not \(purpose): \(command.arguments.first ?? "?") ended with status \(result.status)",
      hint: hint,
      command: (command.asRoot && !isRoot ? ["sudo"] : []) + command.arguments, status: result.status, detail: text)
  }

  // MARK: - Rights

  public var isRoot: Bool { geteuid() == 0 }

  /// Whether commands that need root can be run: as root, or by `sudo -n`.
  public func canBeRoot() async throws(HostError) -> Bool {
    if isRoot { return true }
    return try await canUseSudo()
  }

  /// Tried once, with the one program that the host ever runs as root.
  private func canUseSudo() async throws(HostError) -> Bool {
    if let known = sudo.withLock({ $0 }) { return known }
    var works = false
    if executables.find("sudo") != nil, let ip = executables.find("ip") {
      works = try await run(.query("sudo", "-n", ip, "-V")).succeeded
    }
    sudo.withLock { $0 = works }
    return works
  }

  /// What gives kdevlua the right to make taps and bridges.
  static let rootHint = "run `sudo -v` first; for a lasting sudo rule see docs/how-to/run-without-root.md"
  var sudoTrouble: String { executables.find("sudo") == nil ? "there is no sudo" : "sudo asks for a password" }

  /// What sudo says of a command that no rule allows without a password, or at all; a program that it started says nothing of the kind.
  private static func isRefusedBySudo(_ result: CommandResult) -> Bool {
    result.status == 1
      && (result.errorText.hasPrefix("sudo: ") || result.errorText.hasPrefix("Sorry, user "))
  }

  private func noRoot(for line: String) -> HostError {
    HostError(
      .permission, "this needs root, and \(sudoTrouble): \(line)", hint: Self.rootHint)
  }
}

/// A step under way: its text can be changed while it runs, and its outcome set.
public final class Step: Sendable {
  let id: Int
  let observer: any HostObserver
  private let state = Mutex<StepOutcome>(.done(nil))

  init(id: Int, observer: any HostObserver) {
    self.id = id
    self.observer = observer
  }

  /// What the step is at now, for a person who waits.
  public func progress(_ text: String) { observer.observe(.stepChanged(id: id, text: text)) }
  /// What it did, shown at its end.
  public func detail(_ text: String) { state.withLock { $0 = .done(text) } }
  /// Nothing had to be done: what is there already was taken over.
  public func adopted(_ text: String) { state.withLock { $0 = .adopted(text) } }
  var outcome: StepOutcome { state.withLock { $0 } }
}
