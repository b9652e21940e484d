import CHost
import Synchronization

/// The terminal's mode in which each key comes at once and none is shown by the terminal itself.
///
/// What it was before is kept for the whole process, so that every way out can bring it back.
public enum RawMode {
  private static let isRaw = Mutex(false)

  /// Whether somebody sits at a terminal that can move its cursor: standard input and output are one, and `TERM` is
  /// neither `dumb` nor unset.
  public static func isPossible(environment: [String: String]) -> Bool {
    Terminal.isTerminal(Terminal.input) && Terminal.isTerminal(Terminal.output) && Terminal.movesCursor(environment)
  }

  /// Enters the mode, or enters it again after somebody else has changed it. Keys that were typed before are kept, and
  /// output is translated as before, so that what others print looks as ever.
  public static func enter() {
    isRaw.withLock { isRaw in
      isRaw = true
      chost_enter_raw_mode()
    }
  }

  /// Brings back what was at first; does nothing outside of the mode.
  public static func leave() {
    isRaw.withLock { isRaw in
      if isRaw { chost_leave_raw_mode() }
      isRaw = false
    }
  }

  /// The terminal's columns and rows; 80 and 24 when it does not say. Standard input is asked, as output may be a pipe.
  public static var size: (columns: Int, rows: Int) {
    Terminal.size(of: Terminal.input) ?? (80, 24)
  }
}
