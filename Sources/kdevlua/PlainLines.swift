import Glibc
import LuaRuntime
import Modules

/// Lines as they come, from a pipe, a file, or a terminal that cannot move its cursor. Tasks go on while one is waited for.
struct PlainLines: LineSource {
  private let runtime: LuaRuntime
  private let isShown = isatty(STDIN_FILENO) == 1

  init(_ runtime: LuaRuntime) { self.runtime = runtime }

  let isTerminated = false
  // A script may still ask for them.
  let reportsFailures = false

  func greet(_ text: String) { if isShown { Session.write(text, to: STDOUT_FILENO) } }

  mutating func next() async -> Line {
    var text = ""
    while true {
      fflush(nil)
      if isShown { Session.write(text.isEmpty ? "> " : ">> ", to: STDOUT_FILENO) }
      guard let line = await Self.line() else { return text.isEmpty ? .end : .text(text) }
      text += text.isEmpty ? line : "\n" + line
      guard case .incomplete = await runtime.compile(Self.source(of: text)) else { return .text(text) }
    }
  }

  /// A line, read by a thread of its own through the C library, so that a script's io.read gets what follows it.
  private static func line() async -> String? {
    await withCheckedContinuation { continuation in
      let box = Unmanaged.passRetained(Box(continuation)).toOpaque()
      var thread = pthread_t()
      let status = pthread_create(
        &thread, nil,
        { box in
          guard let box else { return nil }
          Unmanaged<Box>.fromOpaque(box).takeRetainedValue().continuation.resume(
            returning: readLine(strippingNewline: true))
          return nil
        }, box)
      if status == 0 {
        pthread_detach(thread)
      } else {
        Unmanaged<Box>.fromOpaque(box).release()
        continuation.resume(returning: nil)
      }
    }
  }

  private final class Box: Sendable {
    let continuation: CheckedContinuation<String?, Never>
    init(_ continuation: CheckedContinuation<String?, Never>) { self.continuation = continuation }
  }

  /// What to compile of a text: Lua's own prompt once wanted `= 1 + 1` for an expression, and people still type it.
  static func source(of text: String) -> String {
    let rest = text.drop { $0.isWhitespace }
    return rest.first == "=" && !rest.hasPrefix("==") ? String(rest.dropFirst()) : text
  }
}
