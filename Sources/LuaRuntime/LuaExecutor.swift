import Glibc
import Synchronization

/// One thread's queue of jobs and timers: whoever calls ``run(_:)``, normally the main thread.
///
/// It is both the serial executor of ``LuaRuntime`` and the task executor its bindings prefer, so an async binding that
/// need not leave the thread costs no thread switch.
public final class LuaExecutor: SerialExecutor, TaskExecutor, @unchecked Sendable {
  private struct Queue {
    var jobs: [UnownedJob] = []
    var isAsleep = false
  }
  private let queue = Mutex(Queue())
  /// The thread that runs the loop; 0 while none does.
  private let owner = Atomic<UInt>(0)
  private let wakeReader: Int32
  /// Writing to it ends the loop's sleep; done by other threads and by signal handlers.
  let wakeWriter: Int32
  /// Touched by the owning thread only, which is what makes the class `@unchecked Sendable`.
  private var timers = TimerHeap()
  private var turnActions: [ObjectIdentifier: () -> Void] = [:]

  /// Makes an executor that no thread runs yet.
  public init() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { fatalError("no pipe: errno \(errno)") }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    (wakeReader, wakeWriter) = (ends[0], ends[1])
  }

  deinit {
    Glibc.close(wakeReader)
    Glibc.close(wakeWriter)
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let mustWake = queue.withLock { queue in
      queue.jobs.append(job)
      defer { queue.isAsleep = false }
      return queue.isAsleep
    }
    if mustWake { wake() }
  }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
  public func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }

  /// Whether the caller is on the Lua thread.
  public func isIsolatingCurrentContext() -> Bool? { owner.load(ordering: .relaxed) == UInt(pthread_self()) }
  public func checkIsolated() {
    precondition(owner.load(ordering: .relaxed) == UInt(pthread_self()), "not on the Lua thread")
  }

  private func wake() {
    var byte: UInt64 = 1
    _ = write(wakeWriter, &byte, MemoryLayout.size(ofValue: byte))
  }

  // MARK: The loop

  /// Runs `body` to its end on the calling thread, and with it all jobs and timers that come meanwhile.
  ///
  /// - Returns: What `body` returned.
  /// - Throws: What `body` threw.
  public func run<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) throws -> Result {
    precondition(owner.exchange(UInt(pthread_self()), ordering: .relaxed) == 0, "the executor runs already")
    defer { owner.store(0, ordering: .relaxed) }
    let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)
    Task(executorPreference: self) {
      let result: Swift.Result<Result, any Error>
      do { result = .success(try await body()) } catch { result = .failure(error) }
      outcome.withLock { $0 = result }
      self.wake()
    }
    while true {
      if let result = outcome.withLock({ $0 }) { return try result.get() }
      turn()
    }
  }

  private func turn() {
    for action in turnActions.values { action() }
    for timer in timers.takeDue() { timer.fire() }
    let jobs = queue.withLock { queue in
      let jobs = queue.jobs
      queue.jobs.removeAll(keepingCapacity: true)
      queue.isAsleep = jobs.isEmpty
      return jobs
    }
    if jobs.isEmpty { return sleep() }
    for job in jobs {
      job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    }
  }

  private func sleep() {
    var descriptor = pollfd(fd: wakeReader, events: Int16(POLLIN), revents: 0)
    // Rounded up: waking a moment too early would only mean to poll again.
    let milliseconds = timers.delay().map { Int32(clamping: ($0 + 999_999) / 1_000_000) }
    poll(&descriptor, 1, milliseconds ?? -1)
    if descriptor.revents != 0 {
      withUnsafeTemporaryAllocation(byteCount: 512, alignment: 8) { _ = read(wakeReader, $0.baseAddress, 512) }
    }
    queue.withLock { $0.isAsleep = false }
  }

  // MARK: On the Lua thread

  var hasTimers: Bool { !timers.isEmpty }
  func add(_ timer: Timer) { timers.insert(timer) }
  func cancel(_ timer: Timer) {
    timer.isCancelled = true
    timers.remove(timer)
  }

  /// Has `action` run once a turn of the loop, until it is nil.
  func eachTurn(for owner: AnyObject, _ action: (() -> Void)?) { turnActions[ObjectIdentifier(owner)] = action }
}
