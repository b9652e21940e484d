import Glibc
import Subprocess
import SystemPackage

extension LocalHost {
  /// Most that is kept of a command's output.
  private static let outputLimit = 64 << 20

  /// Starts the program in a process group of its own and collects what it writes. When the task is cancelled, the
  /// whole group is asked to end and killed two seconds later. (A group, not a session: sudo knows the caller's
  /// earlier password by the terminal of the session.)
  func spawn(_ program: String, _ arguments: [String], of command: Command) async throws(HostError) -> CommandResult {
    var platform = PlatformOptions()
    platform.processGroupID = 0
    platform.teardownSequence = [
      .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(2))
    ]
    var environment: [Environment.Key: String?] = ["LC_ALL": "C.UTF-8"]
    for (name, value) in command.environment { environment[Environment.Key(stringLiteral: name)] = value }
    let configuration = Configuration(
      executable: .path(FilePath(program)), arguments: Arguments(arguments),
      environment: .inherit.updating(environment), workingDirectory: command.workingDirectory.map { FilePath($0) },
      platformOptions: platform)
    do {
      guard let file = command.outputFile else {
        let result = try await Subprocess.run(
          configuration, input: .array(command.input ?? []), output: .bytes(limit: Self.outputLimit),
          error: .bytes(limit: Self.outputLimit))
        try Task.checkCancellation()
        return CommandResult(
          status: result.terminationStatus.code, output: result.standardOutput, error: result.standardError)
      }
      let descriptor = try FileDescriptor.open(
        FilePath(file), .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      let result = try await Subprocess.run(
        configuration, input: .array(command.input ?? []),
        output: .fileDescriptor(descriptor, closeAfterSpawningProcess: true), error: .bytes(limit: Self.outputLimit))
      try Task.checkCancellation()
      return CommandResult(status: result.terminationStatus.code, error: result.standardError)
    } catch is CancellationError {
      throw HostError.cancelled
    } catch {
      if Task.isCancelled { throw HostError.cancelled }
      throw HostError(.system, "could not run \(program): \(error)", command: command.arguments)
    }
  }
}

extension TerminationStatus {
  /// As a shell tells it: 128 + N for signal N.
  var code: Int {
    switch self {
    case .exited(let code): Int(code)
    case .signaled(let signal): 128 + Int(signal)
    }
  }
}
