import Glibc
import Synchronization

/// The terminal in raw mode while something far away has it, with a key that gives it back; a plain stream where there is none.
public struct TerminalSession: Sendable {
  public let isTerminal: Bool
  private let place: String?

  /// Ctrl-], as in telnet(1) and `virsh console`.
  private static let detachKey: UInt8 = 0x1d

  /// - Parameter place: what it is attached to, for the line that says so; nil when nothing is typed.
  public init(_ place: String?) {
    self.place = place
    isTerminal = place != nil && Terminal.isTerminal(Terminal.input) && Terminal.isTerminal(Terminal.output)
  }

  /// - Parameter body: gets what is typed; nil at the end, and when the detach key is pressed. The terminal is as it was when
  ///   it has returned.
  public func run(
    _ body:
      @escaping @Sendable (@escaping @Sendable () async throws(HostError) -> [UInt8]?) async throws(HostError) -> Void
  ) async throws(HostError) {
    guard place != nil else { return try await body { () async throws(HostError) in nil } }
    let keys = StandardInput()
    guard isTerminal, let place else { return try await body { () async throws(HostError) in try await keys.next() } }
    Descriptor.write("attached to \(place); Ctrl-] detaches\r\n", to: STDERR_FILENO)
    RawMode.enter()
    defer {
      RawMode.leave()
      Descriptor.write("\r\ndetached from \(place)\n", to: STDERR_FILENO)
    }
    let detached = DetachKey()
    try await body { () async throws(HostError) in
      if detached.isPressed { return nil }
      guard let bytes = try await keys.next() else { return nil }
      guard let key = bytes.firstIndex(of: Self.detachKey) else { return bytes }
      detached.press()
      return key == 0 ? nil : Array(bytes[..<key])
    }
  }
}

/// Whether the detach key was pressed behind keys that were still to be sent.
private final class DetachKey: Sendable {
  private let pressed = Atomic(false)
  var isPressed: Bool { pressed.load(ordering: .relaxed) }
  func press() { pressed.store(true, ordering: .relaxed) }
}
