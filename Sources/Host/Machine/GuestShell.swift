import Glibc

extension Machine {
  /// A shell in the guest on the caller's terminal, with job control and the terminal's size. Returns when it has ended, or when
  /// Ctrl-] was pressed; the shell is hung up then.
  ///
  /// A pseudo-terminal in the guest is made by busybox's telnetd, whose protocol (RFC 854, and RFC 1073 for the size) goes over
  /// two lanes.
  /// - Parameter shell: a path in the guest; nil is bash where it is, else sh.
  /// - Throws: `invalid` when standard input or output is no terminal; `missing` when the guest has no busybox.
  public func shell(_ shell: String? = nil) async throws(HostError) {
    guard channel != nil else {
      _ = try await execute([Array((shell ?? "sh").utf8)])
      return
    }
    let session = TerminalSession("a shell in \(name)")
    guard session.isTerminal else {
      throw HostError(
        .invalid, "standard input and output are no terminal",
        hint: "kdevlua exec \(name) COMMAND runs a command without one")
    }
    // At most one line's keys are ever waiting, so the size is asked as often as a person may notice.
    try await session.run { keys async throws(HostError) in
      let input = Watched(ShellInput())
      let feeding = Task {
        do throws(HostError) {
          while let typed = try await keys() { input.change { $0.bytes += Telnet.encode(typed) } }
        } catch {}
        input.change { $0.hasEnded = true }
      }
      let sizing = Task {
        var last: (columns: Int, rows: Int) = (0, 0)
        while !Task.isCancelled {
          let size = RawMode.size
          if size != last { input.change { $0.bytes += Telnet.size(size.columns, size.rows) } }
          last = size
          try? await Task.sleep(for: .milliseconds(200))
        }
      }
      defer {
        feeding.cancel()
        sizing.cancel()
      }
      let decoder = Watched(Telnet())
      let result = try await self.execute(
        ["/bin/sh", "-c", Self.script, "shell", shell ?? ""].map { Array($0.utf8) },
        environment: [("TERM", Array((self.host.options.environment["TERM"] ?? "vt100").utf8))],
        input: .chunks { () async throws(HostError) in
          try await input.wait { input -> [UInt8]?? in
            if input.bytes.isEmpty { return input.hasEnded ? .some(nil) : nil }
            defer { input.bytes = [] }
            return .some(input.bytes)
          }
        },
        output: .chunks { chunk async throws(HostError) in
          let shown = decoder.quietly { $0.decode(chunk) }
          Descriptor.write(shown, to: STDOUT_FILENO)
        })
      if result.status == 127 {
        throw HostError(
          .missing, "the guest \(self.name) has no busybox with telnetd, which makes the shell's terminal",
          hint: "install busybox in the guest", detail: String(decoding: result.error, as: UTF8.self))
      }
    }
  }

  private static let script = """
    cd 2>/dev/null
    shell=$1
    if [ -z "$shell" ]; then
      shell=/bin/sh
      [ ! -x /bin/bash ] || shell=/bin/bash
    fi
    [ -x "$shell" ] || { echo "there is no $shell" >&2; exit 126; }
    export SHELL="$shell"
    exec busybox telnetd -i -K -f /dev/null -l "$shell"
    """
}

/// What is to be sent to the shell.
private struct ShellInput: Sendable {
  var bytes: [UInt8] = []
  var hasEnded = false
}

/// The part of telnet that busybox's telnetd speaks.
struct Telnet: Sendable {
  private enum Place { case text, command, option, subnegotiation, subnegotiationCommand }
  private var place = Place.text

  private static let command: UInt8 = 255
  private static let begin: UInt8 = 250
  private static let end: UInt8 = 240
  private static let windowSize: UInt8 = 31

  /// What a terminal shows of what came.
  mutating func decode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count)
    for byte in bytes {
      switch (place, byte) {
      case (.text, Self.command): place = .command
      case (.text, _): text.append(byte)
      case (.command, Self.command):
        text.append(byte)
        place = .text
      case (.command, Self.begin): place = .subnegotiation
      // WILL, WONT, DO, DONT have an option behind them. What it wants is what we do anyway.
      case (.command, 251...254): place = .option
      case (.command, _), (.option, _): place = .text
      case (.subnegotiation, Self.command): place = .subnegotiationCommand
      case (.subnegotiation, _): break
      case (.subnegotiationCommand, Self.end): place = .text
      case (.subnegotiationCommand, _): place = .subnegotiation
      }
    }
    return text
  }

  /// What is typed, as it is sent. (A carriage return alone is followed by NUL.)
  static func encode(_ bytes: [UInt8]) -> [UInt8] {
    bytes.flatMap { byte -> [UInt8] in
      switch byte {
      case command: [command, command]
      case 13: [13, 0]
      default: [byte]
      }
    }
  }

  /// The message that the terminal has this size.
  static func size(_ columns: Int, _ rows: Int) -> [UInt8] {
    let numbers = [columns >> 8, columns & 255, rows >> 8, rows & 255].map { UInt8(truncatingIfNeeded: $0) }
    return [command, begin, windowSize] + numbers.flatMap { $0 == command ? [$0, $0] : [$0] } + [command, end]
  }
}
