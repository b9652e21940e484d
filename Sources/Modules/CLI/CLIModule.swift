import Host
import LuaKit
import LuaRuntime

/// `kdev.cli`; its functions are documented in cli.d.lua.
enum CLIModule: KdevModule {
  static let name = "cli"

  static func build(_ module: LuaModule, _ environment: Environment) {
    module.function("options") { lua in
      let options = try environment.options(lua, at: 1, "kdev.cli.Spec", for: "kdev.cli.options")
      var list: [ScriptOption] = []
      try options.forEachElement { list.append(try ScriptOption(options.inner("kdev.cli.Option", at: -1))) }
      let parser = ScriptOptions(script: environment.script, about: try options.required("about"), options: list)
      lua.push(LuaValue.record(try parser.parse(environment.arguments)))
      return 1
    }
    module.function("nearest") { lua in
      let (word, names): (String, [String]) = (try lua.read(1), try lua.read(2))
      lua.push(Suggestion.nearest(to: word, in: names))
      return 1
    }
  }
}

/// An option that a script takes.
struct ScriptOption {
  let name: String
  let type: String
  let defaultValue: LuaValue
  let choices: [String]
  let valueName: String
  let help: String

  init(_ options: Options) throws {
    let names: [String] = try options.positional()
    guard let name = names.first, !name.isEmpty else {
      throw ArgumentError("kdev.cli.options: an option without a name")
    }
    self.name = name
    type = try options.string("type") ?? "string"
    choices = try options.strings("choices")
    defaultValue =
      try options.value("default") ?? (type == "flag" ? .bool(false) : type == "list" ? .array([]) : .nil)
    valueName =
      try options.string("value") ?? (choices.isEmpty ? type.uppercased() : choices.joined(separator: "|"))
    help = try options.string("help") ?? ""
  }

  /// The name of its value in the table that the script gets.
  var key: String { name.replacing("-", with: "_") }

  /// - Parameter earlier: the value that the same option had before in the line.
  func read(_ text: String, after earlier: LuaValue? = nil) throws -> LuaValue {
    if type == "list" {
      var list: [LuaValue] = []
      if case .array(let values)? = earlier { list = values }
      return .array(list + text.split(separator: ",").map { .string(String($0)) })
    }
    if !choices.isEmpty, !choices.contains(text) {
      throw UsageError(message: "--\(name) is one of \(choices.joined(separator: ", ")), not \"\(text)\"")
    }
    switch type {
    case "integer":
      guard let number = Int64(text) else {
        throw UsageError(message: "--\(name) takes a whole number, not \"\(text)\"")
      }
      return .integer(number)
    case "size":
      do throws(HostError) { _ = try ByteSize(text) } catch { throw UsageError(message: "--\(name): \(error.message)") }
      return .string(text)
    default: return .string(text)
    }
  }
}

/// The options of a script and how they are read from its arguments.
struct ScriptOptions {
  let script: String
  let about: String
  let options: [ScriptOption]

  func parse(_ arguments: [String]) throws -> [(String, LuaValue)] {
    var values: [String: LuaValue] = [:]
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--help" || argument == "-h" { throw HelpRequest(message: help) }
      guard argument.hasPrefix("--") else {
        if argument == "-q" { throw Self.late(argument, script) }
        throw UsageError(message: "unexpected argument \"\(argument)\"; \(seeHelp)")
      }
      let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts.first.map(String.init) ?? ""
      guard let option = options.first(where: { $0.name == name }) else {
        if ["dry-run", "main", "quiet", "trace", "log-format"].contains(name) { throw Self.late(argument, script) }
        let near = Suggestion.nearest(to: name, in: options.map(\.name))
        throw UsageError(
          message: "unknown option --\(name)" + (near.map { "; did you mean --\($0)?" } ?? "; \(seeHelp)"))
      }
      if option.type == "flag" {
        guard parts.count == 1 else { throw UsageError(message: "--\(name) takes no value") }
        values[name] = .bool(true)
      } else if let text = parts.count == 2 ? String(parts[1]) : rest.popFirst() {
        values[name] = try option.read(text, after: values[name])
      } else {
        throw UsageError(message: "--\(name) needs a value: --\(name) \(option.valueName)")
      }
    }
    return options.map { ($0.key, values[$0.name] ?? $0.defaultValue) }
  }

  /// The error of an option that stands behind the script and should stand before it.
  private static func late(_ argument: String, _ script: String) -> UsageError {
    UsageError(message: "options of kdevlua go before the script: kdevlua run \(argument) \(script)")
  }

  private var seeHelp: String { "kdevlua run \(script) --help lists the options" }

  private var help: String {
    let heads = options.map { $0.type == "flag" ? "--\($0.name)" : "--\($0.name) \($0.valueName)" }
    let width = (heads.map(\.count).max() ?? 0) + 2
    let lines = zip(options, heads).map { option, head in
      let value = option.defaultValue.text ?? option.defaultValue.int.map(String.init)
      return "  " + head + String(repeating: " ", count: width - head.count) + option.help
        + (value.map { " (default: \($0))" } ?? "")
    }
    return "\(about)\n\nusage: kdevlua run \(script) [options]\n\noptions:\n\(lines.joined(separator: "\n"))\n"
  }
}
