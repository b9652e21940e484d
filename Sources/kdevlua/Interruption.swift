import Glibc
import Host
import Synchronization

/// Ctrl-C, and the signals that ask a program to end: the first lets everything clean up, the second only what holds something
/// of the host, for a few seconds, and the third nothing; what is left then is in the journal, for `kdevlua down`.
enum Interruption {
  private static let count = Atomic<Int>(0)
  private static let isInteractive = Atomic(false)
  private static let action = Mutex<(@Sendable () -> Bool)?>(nil)
  private static let ending = Mutex<(@Sendable () -> Void)?>(nil)
  private static let hurry = Mutex<(@Sendable () -> Bool)?>(nil)
  /// How long the second signal gives the handlers of resources.
  private static let grace: UInt32 = 5
  /// A signal that comes again so soon is the same one.
  private static let same = Duration.milliseconds(100)
  private static let listener = Atomic<pthread_t>(0)

  /// Takes the signals. Called before any other thread is there, for a thread inherits what its maker blocks.
  static func begin() {
    let numbers = taken
    var signals = set(of: numbers)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    // A signal is taken by a thread that waits for it, not by a handler: then anything may be called.
    var thread = pthread_t()
    pthread_create(&thread, nil, { _ in Interruption.listen() }, nil)
    pthread_detach(thread)
    listener.store(thread, ordering: .relaxed)
    // A single thread that does not block a signal is enough for it to end the program (signal(7)), and Subprocess has one,
    // which waits for processes by an epoll_pwait(2) with an empty mask. There the signal is passed on.
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { pthread_kill(Interruption.listener.load(ordering: .relaxed), $0) }
    action.sa_flags = SA_RESTART
    for number in numbers { sigaction(number, &action, nil) }
  }

  /// Until it is called, a signal ends the program as if it were not taken.
  /// - Parameters:
  ///   - body: gives false when nothing runs yet that could clean up.
  ///   - isInteractive: somebody sits at a prompt: each Ctrl-C is a first one, and the other signals do what `onEnd` says.
  static func onFirst(isInteractive: Bool = false, _ body: @escaping @Sendable () -> Bool) {
    action.withLock { $0 = body }
    self.isInteractive.store(isInteractive, ordering: .relaxed)
  }

  /// Has the first SIGTERM or SIGHUP of an interactive session call `body`; without one it ends the program.
  static func onEnd(_ body: @escaping @Sendable () -> Void) { ending.withLock { $0 = body } }

  /// Has the second signal call `body`, which gives false when nothing runs any more that it could hasten; without one the
  /// signal ends the program.
  static func onSecond(_ body: @escaping @Sendable () -> Bool) { hurry.withLock { $0 = body } }

  /// Whether whoever started the program has it ignore the signal (nohup(1), a shell's `&`).
  private static func isIgnored(_ number: Int32) -> Bool {
    var present = sigaction()
    sigaction(number, nil, &present)
    // SIG_IGN is the address 1.
    return unsafeBitCast(present.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  private static var taken: [Int32] { [SIGINT, SIGTERM, SIGHUP].filter { !isIgnored($0) } }

  private static func set(of numbers: [Int32]) -> sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in numbers { sigaddset(&signals, number) }
    return signals
  }

  private static func listen() -> UnsafeMutableRawPointer? {
    var signals = set(of: taken)
    var last: (number: Int32, time: ContinuousClock.Instant)?
    while true {
      var number: Int32 = 0
      guard sigwait(&signals, &number) == 0 else { continue }
      // timeout(1) signals its child, and then its whole process group, the child with it.
      if let last, last.number == number, ContinuousClock.now - last.time < same { continue }
      last = (number, .now)
      let isInteractive = isInteractive.load(ordering: .relaxed)
      if isInteractive, number == SIGINT {
        _ = action.withLock { $0 }?()
        continue
      }
      let earlier = count.add(1, ordering: .relaxed).oldValue
      let isFirst = earlier == 0
      if isInteractive, isFirst, let end = ending.withLock({ $0 }) {
        end()
        continue
      }
      if !isInteractive, earlier == 1, let hurry = hurry.withLock({ $0 }) {
        ScriptPrograms.killAll()
        if hurry() {
          endLater(of: number)
          continue
        }
      }
      if isInteractive || !isFirst { end(of: number) }
      guard let action = action.withLock({ $0 }) else { die(of: number) }
      if !action() {
        Session.complain("interrupted")
        _exit(130)
      }
    }
  }

  /// Ends the program without cleaning up.
  private static func end(of number: Int32) -> Never {
    RawMode.leave()
    ScriptPrograms.killAll()
    Session.complain("ended; `kdevlua down` undoes what is left")
    _exit(128 + number)
  }

  /// The same, unless it has come to its end before.
  private static func endLater(of number: Int32) {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { number in
        sleep(Interruption.grace)
        Interruption.end(of: Int32(Int(bitPattern: number)))
      }, UnsafeMutableRawPointer(bitPattern: Int(number)))
    pthread_detach(thread)
  }

  /// Ends the program as the signal does by itself, so that a shell sees what it was.
  private static func die(of number: Int32) -> Never {
    var signals = set(of: [number])
    signal(number, SIG_DFL)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    raise(number)
    _exit(128 + number)
  }
}
