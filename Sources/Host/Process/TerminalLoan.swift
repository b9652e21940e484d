import Glibc

/// The terminal in the hands of a program that reads it: only the group in the foreground may, others are stopped.
struct TerminalLoan: Sendable {
  private let owner: pid_t

  /// - Returns: nil when kdevlua does not have the terminal itself.
  init?(to group: pid_t) {
    owner = getpgrp()
    guard tcgetpgrp(STDIN_FILENO) == owner, tcsetpgrp(STDIN_FILENO, group) == 0 else { return nil }
    // It may have been stopped because it was faster.
    kill(-group, SIGCONT)
  }

  /// Takes the terminal back.
  func takeBack() {
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
