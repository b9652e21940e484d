import Glibc
import Synchronization

/// The terminal in the hands of a program that reads it: only the group in the foreground may, others are stopped. One program at a
/// time has it.
final class TerminalLoan: Sendable {
  private static let isTaken = Mutex(false)

  private let owner = getpgrp()
  private let isHanded = Atomic(false)

  /// Takes the right to lend it.
  /// - Returns: nil when the standard input is no terminal.
  /// - Throws: `busy` when another program has it.
  init?() throws(HostError) {
    guard isatty(STDIN_FILENO) == 1 else { return nil }
    let isFree = Self.isTaken.withLock { isTaken in
      defer { isTaken = true }
      return !isTaken
    }
    guard isFree else {
      throw HostError(
        .busy, "another program with stdin = \"inherit\" has the terminal",
        hint: "wait for its end, or give this one another stdin")
    }
  }

  /// Gives the right back.
  func end() { Self.isTaken.withLock { $0 = false } }

  /// Hands it to a group, unless kdevlua does not have it itself.
  func hand(to group: pid_t) {
    guard tcgetpgrp(STDIN_FILENO) == owner, tcsetpgrp(STDIN_FILENO, group) == 0 else { return }
    isHanded.store(true, ordering: .relaxed)
    // It may have been stopped because it was faster.
    kill(-group, SIGCONT)
  }

  /// Has the group go on whenever the terminal stops it (Ctrl-Z), until the task is cancelled: no shell is there that would take the
  /// terminal and let it go on later.
  func keepRunning(_ group: pid_t) async {
    while isHanded.load(ordering: .relaxed), !Task.isCancelled {
      var info = siginfo_t()
      // Without WNOWAIT: each stop is told once.
      let isTold = waitid(P_PID, id_t(group), &info, WSTOPPED | WNOHANG) == 0 && info.si_signo != 0
      if isTold, info._sifields._sigchld.si_status == SIGTSTP { kill(-group, SIGCONT) }
      try? await Task.sleep(for: .milliseconds(50))
    }
  }

  /// Takes the terminal back.
  func takeBack() {
    guard isHanded.exchange(false, ordering: .relaxed) else { return }
    // Who is in the background is stopped when it does this, unless it blocks the signal.
    var signals = sigset_t()
    var before = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTTOU)
    pthread_sigmask(SIG_BLOCK, &signals, &before)
    tcsetpgrp(STDIN_FILENO, owner)
    pthread_sigmask(SIG_SETMASK, &before, nil)
  }
}
