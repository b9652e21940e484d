import Glibc
import Synchronization

/// The programs that scripts have started, as against those that the host calls for its own ends.
public enum ScriptPrograms {
  /// Their process groups, each from its start until its leader is waited for: so long its number is its own.
  private static let groups = Mutex<Set<pid_t>>([])

  static func began(_ group: pid_t) { groups.withLock { _ = $0.insert(group) } }
  static func ends(_ group: pid_t) { groups.withLock { _ = $0.remove(group) } }

  /// Kills all that run, without asking. From any thread, and not from a signal handler.
  public static func killAll() { groups.withLock { for group in $0 { kill(-group, SIGKILL) } } }
}
