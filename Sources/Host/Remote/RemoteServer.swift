import Glibc

/// This side of `kdevlua serve`: messages come by standard input and go by what was standard output.
public struct RemoteServer: Sendable {
  public let channel = MessageChannel()
  private let output: Int32

  /// The number of the language that it speaks.
  public static var protocolNumber: Int { RemoteProgram.protocolNumber }

  /// Takes standard output for messages alone: what this program or another one prints goes to standard error from here on.
  /// - Throws: `system` when there are no descriptors left.
  public init() throws(HostError) {
    output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
    guard output >= 0, dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 else {
      throw .system("could not take standard output", errno: errno)
    }
    // When the connection is lost nobody reads what is said. There is still something to clean up then.
    signal(SIGPIPE) { _ in }
  }

  /// Answers until the end of standard input; what was under way then is cancelled and waited for.
  public func run(
    perform: @escaping @Sendable ([UInt8]) async -> MessageChannel.Answer,
    note: @escaping @Sendable ([UInt8]) -> Void
  ) async {
    let input = StandardInput()
    let output = output
    await channel.run(
      read: { () async throws(HostError) in try await input.next() },
      write: { bytes async throws(HostError) in
        let status = Descriptor.write(bytes, to: output)
        guard status == 0 else { throw .system("could not write to the other side", errno: status) }
      },
      endedBy: { HostError(.connection, "the other side has ended") }, perform: perform, note: note)
  }
}
