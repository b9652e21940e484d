import Synchronization

/// A kdevlua on another machine, reached by one ssh connection: `kdevlua serve`, which does there what this side asks for.
///
/// What it makes there is in that machine's own journal. When the connection is lost, what was under way is undone there, and what
/// was made stays, as after the end of any script.
public final class RemoteConnection: Sendable {
  public let address: RemoteAddress
  /// The program that it speaks with.
  public let program: String
  public let channel: MessageChannel
  /// The folder there that relative paths begin at; nil is the home folder.
  let folder: String?
  private let process: ChildProcess

  private init(
    _ address: RemoteAddress, _ program: String, _ folder: String?, _ channel: MessageChannel, _ process: ChildProcess
  ) {
    self.address = address
    self.folder = folder
    self.program = program
    self.channel = channel
    self.process = process
  }

  /// Who drops the connection ends it: the other side sees the end of its input.
  deinit { Task { [process] in try? await process.closeInput() } }

  /// Connects, and brings a copy of this program there when there is no kdevlua that fits.
  /// - Parameters:
  ///   - program: the path of the kdevlua there; nil looks for one.
  ///   - folder: the folder that its relative paths begin at; nil is the home folder.
  ///   - perform: answers what the other side asks for.
  ///   - note: hears what it says.
  /// - Throws: as ``RemoteStartDialogue``.
  public static func open(
    _ address: RemoteAddress, program: String?, folder: String?, on host: LocalHost,
    perform: @escaping @Sendable ([UInt8]) async -> MessageChannel.Answer,
    note: @escaping @Sendable ([UInt8]) -> Void
  ) async throws(HostError) -> RemoteConnection {
    let errors = RemoteErrors(host, address.destination)
    let words = RemoteStart.command(
      program: program, folder: folder, ["serve"] + (host.isDryRun ? ["--dry-run"] : []))
    var command = Command.query(address.ssh(words))
    // The script is long, and says nothing to whoever reads a trace.
    command.said = [["ssh", address.destination, "kdevlua", "serve"]]
    let (process, dialogue) = start(command, address, program, folder, on: host, errors)
    let found: String
    do throws(HostError) { found = try await dialogue.run(with: process, errors) } catch {
      await process.close()
      throw error
    }
    errors.connected()
    let channel = MessageChannel()
    let destination = address.destination
    Task {
      await channel.run(
        read: { () async throws(HostError) in try await process.read(1 << 16) },
        write: { bytes async throws(HostError) in try await process.write(bytes) },
        endedBy: { await lost(destination, process, errors) }, perform: perform, note: note)
    }
    return RemoteConnection(address, found, folder, channel, process)
  }

  /// Which kdevlua there is on a machine; a copy of this program is brought there when none fits.
  /// - Throws: as ``RemoteStartDialogue``.
  public static func findProgram(
    _ address: RemoteAddress, program: String?, on host: LocalHost
  ) async throws(HostError) -> String {
    let errors = RemoteErrors(host, address.destination)
    var command = Command.query(address.ssh(RemoteStart.command(program: program, folder: nil, [])))
    command.said = [["ssh", address.destination, "kdevlua", "serve", "--protocol"]]
    let (process, dialogue) = start(command, address, program, nil, on: host, errors)
    let found: Result<String, HostError>
    do throws(HostError) { found = .success(try await dialogue.run(with: process, errors)) } catch {
      found = .failure(error)
    }
    await process.close()
    return try found.get()
  }

  private static func start(
    _ command: Command, _ address: RemoteAddress, _ program: String?, _ folder: String?, on host: LocalHost,
    _ errors: RemoteErrors
  ) -> (ChildProcess, RemoteStartDialogue) {
    var command = command
    command.error = .lines { lines in errors.take(lines) }
    let process = ChildProcess(host, command, timeLimit: nil, pipesInput: true)
    Task { await process.run() }
    return (process, RemoteStartDialogue(host: host, address: address, program: program, folder: folder))
  }

  /// Why nothing comes any more.
  private static func lost(_ destination: String, _ process: ChildProcess, _ errors: RemoteErrors) async -> HostError {
    let result = try? await process.wait()
    return HostError(
      .connection, "the connection to \(destination) has ended",
      hint: "what was made there stays in its journal: kdevlua remote \(destination) ps", status: result?.status,
      detail: errors.text)
  }

  /// Ends the connection, and waits until the other side has cleaned up; a minute at most.
  public func close() async {
    try? await process.closeInput()
    let process = process
    _ = try? await withTimeLimit(.seconds(60), "") { () async throws(HostError) in _ = try await process.wait() }
    await process.close()
  }

  /// The argument vector that runs kdevlua on another machine, for a person at a terminal.
  /// - Parameter program: as ``findProgram(_:program:on:)`` gives it.
  public static func command(
    _ address: RemoteAddress, _ program: String, _ arguments: [String], terminal: Bool
  ) -> [String] { address.ssh([program] + arguments, terminal: terminal) }
}
