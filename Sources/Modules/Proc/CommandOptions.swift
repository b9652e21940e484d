import Host
import LuaKit
import LuaRuntime
import Synchronization

/// What a program is started with, as `kdev.proc.run` and `kdev.proc.spawn` take it.
struct CommandOptions: Sendable {
  var command: Command
  let timeLimit: Duration?
  private let check: Bool
  private let raised: RaisedError

  /// - Parameter variables: what the script has changed of the environment.
  init(_ options: Options, _ variables: [String: String?]) throws {
    let raised = RaisedError()
    command = Command(arguments: try options.positional(), effect: try options.bool("query") ? .query : .change)
    command.isScripts = true
    command.workingDirectory = try options.string("cwd")
    (command.inputSource, command.input) = try options.input()
    command.environment = variables
    for (name, value) in try options.texts("env") {
      command.environment[name] = String(decoding: value, as: UTF8.self)
    }
    command.output = try options.target("stdout", of: "kdev.proc.OutputFile", raised)
    command.error = try options.target("stderr", of: "kdev.proc.OutputFile", raised)
    timeLimit = try options.duration("timeout")
    check = try options.value("check") ?? true
    self.raised = raised
  }

  /// What `body` gives, as scripts get it.
  /// - Throws: what a function that takes lines raised, before anything else.
  func result(_ body: () async throws(HostError) -> CommandResult) async throws -> LuaValue {
    let result: CommandResult
    do { result = try await body() } catch { throw raised.error ?? error }
    guard !check || result.succeeded else {
      throw HostError(
        .command, "\(command.arguments[0]) ended with status \(result.status)", command: command.arguments,
        status: result.status, detail: result.errorText)
    }
    return .result(status: result.status, output: result.output, error: result.error)
  }
}

/// The error of a script's function, kept as it is while Host unwinds with one of its own.
final class RaisedError: Sendable {
  private let stored = Mutex<LuaError?>(nil)
  var error: LuaError? { stored.withLock { $0 } }

  func raise(_ error: LuaError) -> HostError {
    stored.withLock { $0 = $0 ?? error }
    return .cancelled
  }
}

extension Options {
  /// The field `stdin`: bytes, `"inherit"`, or a file.
  fileprivate func input() throws -> (Command.InputSource, [UInt8]?) {
    push("stdin")
    defer { lua.pop() }
    if lua.type(at: -1) == .table { return (.file(try inner("kdev.proc.InputFile", at: -1).required("file")), nil) }
    if lua.string(at: -1) == "inherit" { return (.inherit, nil) }
    return (.bytes, try lua.isNil(at: -1) ? nil : lua.read(-1))
  }

  /// `"capture"`, `"inherit"`, `"discard"`, `"stdout"`, a function, or a file.
  /// - Parameter file: the class of the last.
  func target(_ name: String, of file: String, _ raised: RaisedError) throws -> OutputTarget {
    push(name)
    defer { lua.pop() }
    switch lua.type(at: -1) {
    case .function: return try lines(raised)
    case .table:
      let file = inner(file, at: -1)
      return .file(try file.required("file"), append: try file.bool("append"))
    default:
      switch lua.string(at: -1) {
      case "inherit": return .inherit
      case "discard": return .discard
      case "stdout": return .standardOutput
      default: return .capture
      }
    }
  }

  /// Calls the function with each line. The loop is Lua, so that a chunk with thousands of lines costs one task.
  private static let loop = """
    local take <const>, gmatch <const> = ..., string.gmatch
    return function(lines) for line in gmatch(lines, "([^\\n]*)\\n") do take(line) end end
    """

  /// The target of the function on top of the stack.
  private func lines(_ raised: RaisedError) throws -> OutputTarget {
    lua.pushCopy(at: -1)
    try lua.load(Self.loop, name: "=kdev.proc")
    lua.pushCopy(at: -2)
    try lua.call(arguments: 1, results: 1)
    let function = lua.reference(at: -1)
    lua.pop(2)
    let runtime = LuaRuntime.of(lua)
    return .lines { lines async throws(HostError) in
      do throws(LuaError) { _ = try await runtime.call(function, [.bytes(lines)]) } catch { throw raised.raise(error) }
    }
  }
}
