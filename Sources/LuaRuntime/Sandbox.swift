import CLua
import Glibc
public import LuaKit
import Synchronization

/// What a sandbox has besides the basic libraries: data, copied, and functions of the script that runs it.
public indirect enum SandboxValue: Sendable {
  case data(LuaValue)
  /// Called in the universe that it came from, as a task of its own; its arguments and results are copied.
  case function(LuaReference)
  case table([(key: LuaValue, value: SandboxValue)])
}

/// A script of somebody else's: runs in a universe of its own on a thread of its own, so that it disturbs nobody, and within
/// limits.
public struct LuaSandbox: Sendable {
  /// The script's source text.
  public var source: String
  /// The chunk's name, as `load` takes it.
  public var name: String
  public var limits: LuaLimits
  /// The names of Lua's own that it may use; nil for all that ``LuaState/makeLimited(memory:)`` has.
  public var allowed: Set<String>?
  /// Its other globals.
  public var globals: [String: SandboxValue] = [:]
  /// What it gets as `...`.
  public var arguments: [LuaValue] = []

  public init(source: String, name: String, limits: LuaLimits) {
    self.source = source
    self.name = name
    self.limits = limits
  }
}

/// What a script in a sandbox raised, when that is neither text nor an error of the host.
public struct SandboxError: LuaErrorFields {
  public var kind: String { "error" }
  public let message: String
  /// What it raised, as far as it is data.
  public let value: LuaValue
  public func field(_ name: String) -> LuaValue { name == "value" ? value : .nil }
}

extension LuaRuntime {
  /// Runs a script in a sandbox and waits for its results. The time that functions of ours take is not the script's.
  ///
  /// - Throws: ``LuaError``; `underlying` is a ``LimitError`` when it passed a limit, ``Cancelled`` when the caller was, and
  ///   the very error that a function of ours raised when the script did not catch it.
  public nonisolated func run(_ sandbox: LuaSandbox) async throws(LuaError) -> [LuaValue] {
    let run = SandboxRun(sandbox, self, task: Self.currentTask)
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in run.start { continuation.resume(returning: $0) } }
    } onCancel: {
      run.stop()
    }
    do { return try result.get() } catch {
      guard (error.underlying as? LimitError)?.limit == .stopped else { throw error }
      throw LuaError(passing: Cancelled())
    }
  }
}

/// One run: shared by the thread that runs the script, the Lua thread that answers its calls, and whoever cancels it.
private final class SandboxRun: Sendable {
  private struct State {
    /// While its universe is open.
    var stopper: LuaStopper?
    var isStopped = false
    var call: Task<Void, Never>?
  }
  private let sandbox: LuaSandbox
  private let runtime: LuaRuntime
  /// The task that waits for it, whose context its calls inherit.
  private let task: Int?
  private let state = Mutex(State())

  init(_ sandbox: LuaSandbox, _ runtime: LuaRuntime, task: Int?) {
    self.sandbox = sandbox
    self.runtime = runtime
    self.task = task
  }

  func stop() {
    let call = state.withLock { state in
      state.isStopped = true
      state.stopper?.stop()
      return state.call
    }
    call?.cancel()
  }

  // MARK: The thread

  private final class Start {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }

  func start(_ finish: @escaping @Sendable (Result<[LuaValue], LuaError>) -> Void) {
    let start = Unmanaged.passRetained(Start { finish(self.run()) })
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, &attributes,
      { start in
        guard let start else { return nil }
        Unmanaged<Start>.fromOpaque(start).takeRetainedValue().body()
        return nil
      }, start.toOpaque())
    pthread_attr_destroy(&attributes)
    if status != 0 {
      start.release()
      finish(.failure(LuaError("no thread for a sandbox: \(String(cString: strerror(status)))")))
    }
  }

  private func run() -> Result<[LuaValue], LuaError> {
    do throws(LuaError) {
      let lua = try LuaState.makeLimited(memory: sandbox.limits.memory)
      state.withLock { $0.stopper = lua.stopper }
      defer {
        state.withLock { $0.stopper = nil }
        lua.close()
      }
      try prepare(lua)
      lua.limit(instructions: sandbox.limits.instructions, seconds: sandbox.limits.seconds)
      if state.withLock({ $0.isStopped }) { lua.stopper.stop() }
      do throws(LuaError) {
        try lua.call(arguments: Int32(sandbox.arguments.count), results: nil)
        return .success(try results(lua))
      } catch { throw plain(error, lua) }
    } catch { return .failure(error) }
  }

  private func prepare(_ lua: LuaState) throws(LuaError) {
    lua.limit(instructions: nil)
    if let allowed = sandbox.allowed {
      try lua.getGlobal("_G")
      for name in lua.keys(of: -1) where !allowed.contains(name) {
        lua.pushNil()
        lua.rawSet(name, of: -2)
      }
      lua.pop()
    }
    for (name, value) in sandbox.globals {
      push(value, onto: lua)
      try lua.setGlobal(name)
    }
    try lua.load(sandbox.source, name: sandbox.name)
    try lua.ensureStack(Int32(clamping: sandbox.arguments.count) + 8)
    for argument in sandbox.arguments { lua.push(argument) }
  }

  private func results(_ lua: LuaState) throws(LuaError) -> [LuaValue] {
    var results: [LuaValue] = []
    for position in 0..<lua.top {
      do { results.append(try LuaValue.read(lua, at: position + 1)) } catch {
        throw LuaError("result #\(position + 1) of a sandbox: \(error.message)", underlying: error)
      }
    }
    return results
  }

  /// The error without what belongs to the universe that is closed next.
  private func plain(_ error: LuaError, _ lua: LuaState) -> LuaError {
    guard case .value(let reference) = error.origin else { return error }
    lua.push(reference)
    defer { lua.pop() }
    let value = (try? LuaValue.read(lua, at: -1)) ?? .nil
    let message = lua.type(at: -1) == .table ? "(error object is a table value)" : error.message
    return LuaError(passing: SandboxError(message: message, value: value))
  }

  // MARK: What it is given

  private func push(_ value: SandboxValue, onto lua: LuaState) {
    switch value {
    case .data(let data): lua.push(data)
    case .function(let function):
      lua.push(function: { [unowned self] lua in
        var arguments: [LuaValue] = []
        for index in 0..<lua.top { arguments.append(try lua.read(index + 1)) }
        return LuaReturn(values: try self.call(function, arguments, lua)).pushResults(onto: lua)
      })
    case .table(let fields):
      guard (try? lua.ensureStack(8)) != nil else { return lua.pushNil() }
      lua.newTable(fields: fields.count)
      for field in fields {
        lua.push(field.key)
        push(field.value, onto: lua)
        lua.rawSet(of: -3)
      }
    }
  }

  /// Has a function called in its own universe, and waits for it on this thread.
  private func call(_ function: LuaReference, _ arguments: [LuaValue], _ lua: LuaState) throws -> [LuaValue] {
    let answer = Answer()
    let runtime = runtime
    let task = task
    let isStopped = state.withLock { state in
      guard !state.isStopped else { return true }
      state.call = Task(executorPreference: runtime.executor) {
        let result: Result<[LuaValue], LuaError>
        do throws(LuaError) {
          result = .success(try await runtime.call(function, arguments, for: task))
        } catch { result = .failure(error) }
        answer.give(result)
      }
      return false
    }
    if isStopped { throw Cancelled() }
    let began = ContinuousClock.now
    defer {
      state.withLock { $0.call = nil }
      lua.extendLimit(by: ContinuousClock.now - began)
    }
    return try answer.take().get()
  }
}

/// A value that one thread waits for until another has it.
private final class Answer: Sendable {
  private let result = Mutex<Result<[LuaValue], LuaError>?>(nil)
  nonisolated(unsafe) private let semaphore: UnsafeMutablePointer<sem_t>

  init() {
    semaphore = .allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func give(_ value: Result<[LuaValue], LuaError>) {
    result.withLock { $0 = value }
    sem_post(semaphore)
  }

  func take() -> Result<[LuaValue], LuaError> {
    while sem_wait(semaphore) != 0 {}
    return result.withLock { $0 } ?? .success([])
  }
}
