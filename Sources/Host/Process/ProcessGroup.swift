import Glibc

/// A process group, by the number of its leader.
enum ProcessGroup {
  /// Asks all of a group to end, kills two seconds later what is left of it, and waits until nothing of it runs, also
  /// when the task is cancelled.
  ///
  /// The leader must not have been waited for yet: while it is there, if only as a zombie, no other group can come to
  /// have its number.
  static func end(_ leader: pid_t) async {
    await Task {
      kill(-leader, SIGTERM)
      if await isGone(leader, within: .seconds(2)) { return }
      kill(-leader, SIGKILL)
      // What cannot be killed, such as a program of another user, is not waited for any longer.
      _ = await isGone(leader, within: .seconds(2))
    }.value
  }

  /// Waits until nothing of a group runs.
  /// - Returns: false when the limit passed before.
  private static func isGone(_ leader: pid_t, within limit: Duration) async -> Bool {
    let deadline = ContinuousClock.now + limit
    var interval = Duration.milliseconds(1)
    while hasMembers(leader) {
      guard ContinuousClock.now < deadline else { return false }
      try? await Task.sleep(for: interval)
      interval = min(interval * 2, .milliseconds(50))
    }
    return true
  }

  /// Whether a process of the group runs. Zombies do not: somebody only has to ask for their status.
  private static func hasMembers(_ leader: pid_t) -> Bool {
    guard let names = try? Files.list("/proc") else { return false }
    return names.contains { name in
      // "ID (NAME) STATE PARENT GROUP ..."; a name may hold anything (proc(5)).
      guard name.first?.isNumber == true, let stat = try? Files.read("/proc/\(name)/stat"),
        let bracket = stat.lastIndex(of: UInt8(ascii: ")"))
      else { return false }
      let fields = stat[(bracket + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 3)
      guard fields.count > 2, let state = fields[0].first else { return false }
      return state != UInt8(ascii: "Z") && state != UInt8(ascii: "X")
        && String(decoding: fields[2], as: UTF8.self) == String(leader)
    }
  }

  /// Waits until a child has ended, and leaves its status to be asked for.
  /// - Throws: `cancelled`.
  static func waitForEnd(of child: pid_t) async throws(HostError) {
    var interval = Duration.microseconds(250)
    while true {
      var info = siginfo_t()
      let result = waitid(P_PID, id_t(child), &info, WEXITED | WNOHANG | WNOWAIT)
      // Without a child that has ended, the call succeeds and the signal stays 0.
      if result != 0 || info.si_signo != 0 { return }
      try await pause(interval)
      interval = min(interval * 2, .milliseconds(20))
    }
  }
}
