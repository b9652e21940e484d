import ArgumentParser
import LuaKit

/// What to answer to words that kdevlua does not know.
enum Words {
  /// The options of what runs a script.
  static let ofScripts = ["--quiet", "--trace", "--log-format", "--help", "--version"]

  /// The error of an option that stands where the parser leaves the words to a script.
  static func unknownOption(_ word: String, of known: [String]) -> ValidationError {
    let name = String(word.prefix { $0 != "=" })
    let near = Suggestion.nearest(to: name, in: known)
    return ValidationError("unknown option \(word)" + (near.map { "; did you mean \($0)?" } ?? ""))
  }

  /// The error of a word where a command is expected, also after help; nil when there may be one.
  static func unknownCommand(in words: [String]) -> ValidationError? {
    let root = KDevLua.configuration
    let words = words.filter { $0 != "help" }
    guard let word = words.first, !word.hasPrefix("-") else { return nil }
    guard let command = root.subcommands.first(where: { $0.configuration.commandName == word }) else {
      return unknown(word, in: root, path: "kdevlua")
    }
    let inner = command.configuration
    guard !inner.subcommands.isEmpty, let next = words.dropFirst().first, !next.hasPrefix("-"),
      !inner.subcommands.contains(where: { $0.configuration.commandName == next })
    else { return nil }
    return unknown(next, in: inner, path: "kdevlua \(word)")
  }

  private static func unknown(
    _ word: String, in configuration: CommandConfiguration, path: String
  ) -> ValidationError {
    let names = configuration.subcommands.filter { $0.configuration.shouldDisplay }
      .compactMap { $0.configuration.commandName }
    var hint = Suggestion.nearest(to: word, in: names).map { "; did you mean \($0)?" } ?? "; \(path) --help lists them"
    if word.hasSuffix(".lua") { hint = "; a script is run by kdevlua run \(word)" }
    return ValidationError("no command \(word)" + hint)
  }
}
