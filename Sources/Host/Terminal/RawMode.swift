import Glibc
import Synchronization

/// The terminal's mode in which each key comes at once and none is shown by the terminal itself.
///
/// What it was before is kept for the whole process, so that every way out can bring it back.
public enum RawMode {
  private struct State {
    /// The mode at first, which a program that was killed cannot have left in disorder.
    var original: termios?
    var isRaw = false
  }
  private static let state = Mutex(State())

  /// Whether somebody sits at a terminal that can move its cursor: standard input and output are one, and `TERM` is
  /// neither `dumb` nor unset.
  public static func isPossible(environment: [String: String]) -> Bool {
    let terminal = environment["TERM"] ?? ""
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && !terminal.isEmpty && terminal != "dumb"
  }

  /// Enters the mode, or enters it again after somebody else has changed it. Keys that were typed before are kept, and
  /// output is translated as before, so that what others print looks as ever.
  public static func enter() {
    state.withLock { state in
      var modes = termios()
      if let original = state.original {
        modes = original
      } else {
        guard tcgetattr(STDIN_FILENO, &modes) == 0 else { return }
        state.original = modes
      }
      state.isRaw = true
      modes.c_iflag &= ~tcflag_t(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON)
      modes.c_lflag &= ~tcflag_t(ECHO | ICANON | IEXTEN | ISIG)
      withUnsafeMutableBytes(of: &modes.c_cc) { characters in
        characters[Int(VMIN)] = 1
        characters[Int(VTIME)] = 0
      }
      set(&modes)
    }
  }

  /// Brings back what was at first; does nothing outside of the mode.
  public static func leave() {
    state.withLock { state in
      guard state.isRaw, var modes = state.original else { return }
      state.isRaw = false
      set(&modes)
    }
  }

  private static func set(_ modes: inout termios) {
    while tcsetattr(STDIN_FILENO, TCSADRAIN, &modes) != 0, errno == EINTR {}
  }

  /// The terminal's columns and rows; 80 and 24 when it does not say. Standard input is asked, as output may be a pipe.
  public static var size: (columns: Int, rows: Int) {
    var window = winsize()
    guard ioctl(STDIN_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else {
      return (80, 24)
    }
    return (Int(window.ws_col), Int(window.ws_row))
  }
}
