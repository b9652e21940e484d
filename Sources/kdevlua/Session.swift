import ArgumentParser
import Glibc
import Host
import LuaKit
import LuaRuntime
import Modules
import Synchronization

/// Options that every command that acts on the host has.
struct OutputOptions: ParsableArguments {
  @Flag(name: .shortAndLong, help: "Show no progress.")
  var quiet = false
  @Flag(help: "Print the shell line of each command as it runs.")
  var trace = false
  @Option(help: ArgumentHelp("How progress is written to standard error.", valueName: "text|json"))
  var logFormat = OutputStyle.Format.text

  /// This machine, as the command acts on it.
  func host(dryRun: Bool = false) throws -> LocalHost {
    try OutputStyle(isQuiet: quiet, traces: trace, format: logFormat).host(dryRun: dryRun)
  }
}

/// What the output options say.
struct OutputStyle {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  var isQuiet = false
  var traces = false
  var format = Format.text

  /// This machine, as the command acts on it.
  func host(dryRun: Bool = false) throws -> LocalHost {
    let environment = Session.environment
    let style = Progress.style(quiet: isQuiet, json: format == .json, environment: environment)
    let progress = Progress(style: style, trace: traces)
    Session.progress.withLock { $0 = progress }
    return try LocalHost(
      options: .init(dryRun: dryRun, environment: environment, hasStamp: true), observer: progress)
  }
}

/// The run of the program: what becomes of signals, errors and the exit status.
enum Session {
  static var environment: [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let line = String(cString: text)
      if let equals = line.firstIndex(of: "=") {
        variables[String(line[..<equals])] = String(line[line.index(after: equals)...])
      }
      entry += 1
    }
    return variables
  }

  /// Runs asynchronous work on the main thread, cancelled by Ctrl-C, and ends the program with the status of what failed.
  static func perform(_ body: @escaping @Sendable () async throws -> Void) throws {
    do {
      try LuaExecutor().run {
        let work = Task { try await body() }
        Interruption.onFirst {
          work.cancel()
          return true
        }
        try await work.value
      }
    } catch {
      throw exitCode(for: error)
    }
  }

  /// Runs Lua on the main thread: as `perform`, with a runtime that has kdev's modules.
  /// - Parameter isInteractive: Ctrl-C ends what runs and never the program.
  static func performLua(
    _ environment: Environment, isInteractive: Bool = false,
    _ body: @escaping @Sendable (LuaRuntime) async throws -> Void
  ) throws {
    do {
      let executor = LuaExecutor()
      Interruption.onFirst(isInteractive: isInteractive) { LuaRuntime.interrupt() }
      Interruption.onSecond { [host = environment.host] in
        host.hurry()
        return LuaRuntime.hurry()
      }
      try executor.run {
        let runtime = try LuaRuntime(executor: executor)
        let failures = Mutex(0)
        await runtime.onUnawaitedError { error in
          failures.withLock { $0 += 1 }
          complain("error in a task that nobody awaited: " + text(of: error))
        }
        do {
          try await runtime.install(environment)
          try await body(runtime)
          // A task may have asked for it while the script came to its own end.
          if let status = await runtime.exitStatus { throw ExitCode(status) }
          await runtime.close()
        } catch {
          let status = await runtime.exitStatus
          await runtime.close()
          throw status.map { ExitCode($0) } ?? error
        }
        // At the prompt they were shown, and its status is that of no line.
        if !isInteractive, failures.withLock({ $0 > 0 }) { throw ExitCode.failure }
      }
    } catch {
      throw exitCode(for: error)
    }
  }

  /// Says the error, and returns the status: 2 for wrong usage, 130 after Ctrl-C, 141 where nobody reads the output, else 1.
  static func exitCode(for error: any Error) -> ExitCode {
    if let code = error as? ExitCode { return code }
    let lua = error as? LuaError
    let cause = lua?.underlying ?? error
    switch cause {
    case let help as HelpRequest:
      write(help.message, to: STDOUT_FILENO)
      return .success
    case let usage as UsageError:
      complain(usage.message)
      return ExitCode(2)
    case is Cancelled, is CancellationError:
      complain("interrupted")
      return ExitCode(130)
    // As a program that SIGPIPE ends.
    case let error as HostError where Descriptor.isUnread(error): return ExitCode(128 + SIGPIPE)
    case let error as HostError where error.code == .cancelled:
      complain("interrupted")
      return ExitCode(130)
    default:
      complain(text(of: error))
    }
    return .failure
  }

  /// What a person reads of an error.
  static func text(of error: any Error) -> String {
    let lua = error as? LuaError
    guard let error = (lua?.underlying ?? error) as? any LuaErrorFields else { return lua?.description ?? "\(error)" }
    // The place is enough: these errors say what to do, and a traceback would bury it.
    let place = lua?.location.trimmingSuffix { $0 == " " || $0 == ":" } ?? ""
    return error.text + (place.isEmpty ? "" : "\n  at \(place)")
  }

  /// Says an error: as it is to a person, as an event to a program.
  static func complain(_ text: String) {
    (progress.withLock { $0 } ?? Progress(style: .plain, trace: false)).complain(text)
  }

  /// What shows the host's events in this run.
  static let progress = Mutex<Progress?>(nil)

  /// Writes a text; where nobody reads it any more it is lost.
  static func write(_ text: String, to descriptor: Int32) { Descriptor.write(text, to: descriptor) }

  /// The same with bytes.
  static func write(_ bytes: [UInt8], to descriptor: Int32) { Descriptor.write(bytes, to: descriptor) }
}

extension StringProtocol {
  /// The text without the characters at its end that match.
  fileprivate func trimmingSuffix(while matches: (Character) -> Bool) -> SubSequence {
    var end = endIndex
    while end > startIndex, matches(self[index(before: end)]) { end = index(before: end) }
    return self[..<end]
  }
}
