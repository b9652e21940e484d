/// An option that was asked for and is otherwise in the configuration that came of it.
public struct StuckOption: Sendable, Equatable {
  public enum Reason: String, Sendable {
    /// This version of the kernel, or this architecture, does not have it.
    case unknown
    /// The value is not of its type, or out of its range.
    case type
    /// Something that it depends on is not set.
    case depends
    /// Another option of the same choice is set.
    case choice
    /// It has no prompt: others and its default decide.
    case prompt
    /// Another option selects it.
    case selected
    /// A later fragment asks for another value.
    case overridden
    case other
  }

  /// A condition that is not met, with what it comes to.
  public struct Unmet: Sendable, Equatable {
    public var condition: String
    public var value: String
  }

  /// Without `CONFIG_`.
  public var name: String
  public var wanted: String
  public var got: String
  /// The fragment that asked for it.
  public var fragment: String
  public var reason: Reason
  /// The reason in words.
  public var text: String
  public var unmet: [Unmet] = []
}

/// Finds out why options did not stick.
struct StuckOptions {
  let kconfig: Kconfig
  /// The configuration that came of it.
  let config: KernelConfig
  /// Version and architecture, for words.
  let kernel: String
  /// The architectures that have an option, for one that this one does not have.
  let elsewhere: (String) -> [String]

  func explain(_ name: String, wanted: String, got: String, fragment: String) -> StuckOption {
    var option = StuckOption(name: name, wanted: wanted, got: got, fragment: fragment, reason: .other, text: "")
    let definitions = kconfig.definitions(of: name)
    guard !definitions.isEmpty else {
      let others = elsewhere(name)
      option.reason = .unknown
      option.text =
        "\(kernel) has no such option" + (others.isEmpty ? "" : "; it is one of \(others.joined(separator: ", "))")
      return option
    }
    if explainType(&option, definitions) { return option }
    let prompted = definitions.filter { $0.prompt != nil }
    if prompted.isEmpty {
      option.reason = .prompt
      option.text = "it cannot be set by itself (it has no prompt): " + origin(of: name, definitions)
      return option
    }
    if wanted == "n" || isLess(wanted, than: got) {
      return explainMore(option, prompted)
    }
    if explainDependencies(&option, prompted) { return option }
    if explainChoice(&option, prompted) { return option }
    option.text = "nothing in Kconfig says why"
    return option
  }

  private func isLess(_ one: String, than other: String) -> Bool {
    ["m", "y"].contains(one) && ["m", "y"].contains(other) && Tristate(one) < Tristate(other)
  }

  // MARK: - Types

  private func explainType(_ option: inout StuckOption, _ definitions: [Kconfig.Definition]) -> Bool {
    guard let kind = definitions.lazy.compactMap(\.kind).first else { return false }
    let wanted = option.wanted
    var trouble: String?
    switch kind {
    case .bool: if !["y", "n"].contains(wanted) { trouble = "it is a bool: y or n" }
    case .tristate: if !["y", "m", "n"].contains(wanted) { trouble = "it is a tristate: y, m or n" }
    case .string: if !wanted.hasPrefix("\""), wanted != "n" { trouble = "it is a string, and those are quoted" }
    case .int: if Int(wanted) == nil, wanted != "n" { trouble = "it is an int" }
    case .hex: if KconfigExpression.number(wanted) == nil, wanted != "n" { trouble = "it is a hex number" }
    }
    if trouble == nil, kind == .int || kind == .hex, let number = KconfigExpression.number(wanted) {
      for range in definitions.flatMap(\.ranges) where holds(range.condition) {
        let bounds = range.value.split(separator: " ").map { bound in
          KconfigExpression.number(String(bound)) ?? KconfigExpression.number(config.value(String(bound)))
        }
        if bounds.count == 2, let low = bounds[0], let high = bounds[1], number < low || number > high {
          trouble = "its range is \(low) to \(high)"
        }
        break
      }
    }
    guard let trouble else { return false }
    option.reason = .type
    option.text = "\(trouble), and not \(wanted)"
    return true
  }

  private func holds(_ condition: String?) -> Bool {
    condition.flatMap { KconfigExpression($0) }.map { $0.value(in: config) > .no } ?? true
  }

  // MARK: - Less than wanted

  private func explainDependencies(_ option: inout StuckOption, _ definitions: [Kconfig.Definition]) -> Bool {
    let level = option.wanted == "m" ? Tristate.module : .yes
    // What is least away is what a person would mend.
    let unmet =
      definitions.map { definition -> [KconfigExpression] in
        let conditions = [kconfig.dependencies(of: definition), kconfig.visibility(of: definition)]
        // A bool that depends on a module may be y.
        let needed = definition.kind == .tristate || kconfig.kind(of: option.name) == .tristate ? level : .module
        return conditions.compactMap { $0?.unmet(needed, in: config) }.flatMap(\.self)
      }.min { $0.count < $1.count } ?? []
    if unmet.isEmpty {
      guard option.wanted == "m", config.value("MODULES") != "y" else { return false }
      option.reason = .depends
      option.unmet = [.init(condition: "MODULES", value: "n")]
      option.text = "modules are off: MODULES is n"
      return true
    }
    option.reason = .depends
    option.unmet = unmet.reduce(into: []) { list, condition in
      let entry = StuckOption.Unmet(condition: condition.source, value: condition.value(in: config).text)
      if !list.contains(entry) { list.append(entry) }
    }
    option.text =
      "depends on "
      + unmet.reduce(into: [String]()) { list, condition in
        let text = describe(condition)
        if !list.contains(text) { list.append(text) }
      }.joined(separator: ", and on ")
    return true
  }

  /// A condition with the values of what is in it, and where those come from that cannot be set.
  private func describe(_ condition: KconfigExpression) -> String {
    if case .symbol(let name) = condition {
      return "\(name), which is \(config.value(name))" + source(of: name)
    }
    let values = condition.symbols.map { "\($0) is \(config.value($0))" + source(of: $0) }
    return condition.source + (values.isEmpty ? "" : " (\(values.joined(separator: ", ")))")
  }

  /// For an option without a prompt: what would set it.
  private func source(of name: String) -> String {
    let definitions = kconfig.definitions(of: name)
    if definitions.isEmpty { return " (no option of \(kernel))" }
    guard definitions.allSatisfy({ $0.prompt == nil }) else { return "" }
    let selectors = kconfig.selectors(of: name).map(\.name)
    if !selectors.isEmpty { return " (selected by \(Self.list(selectors, or: "or")))" }
    let unmet = definitions.flatMap { kconfig.dependencies(of: $0)?.unmet(.module, in: config) ?? [] }.map(\.source)
    return unmet.isEmpty ? " and has no prompt" : " (it depends on \(Self.list(unmet, or: "and")))"
  }

  private func explainChoice(_ option: inout StuckOption, _ definitions: [Kconfig.Definition]) -> Bool {
    guard let choice = definitions.lazy.compactMap({ kconfig.choice(of: $0) }).first,
      let chosen = kconfig.members(of: choice).first(where: { $0 != option.name && config.value($0) == "y" })
    else { return false }
    option.reason = .choice
    let prompt = kconfig.scopes[choice].prompt.map { " \"\($0)\"" } ?? ""
    option.text = "of the choice\(prompt) \(chosen) is y: ask for `# CONFIG_\(chosen) is not set`, too"
    return true
  }

  // MARK: - More than wanted

  private func explainMore(_ wanted: StuckOption, _ definitions: [Kconfig.Definition]) -> StuckOption {
    var option = wanted
    let selectors = activeSelectors(of: option.name)
    if !selectors.isEmpty {
      option.reason = .selected
      option.text = "selected by " + Self.list(selectors.map { "\($0) (\(config.value($0)))" }, or: "and")
      return option
    }
    if let choice = definitions.lazy.compactMap({ kconfig.choice(of: $0) }).first {
      option.reason = .choice
      let others = kconfig.members(of: choice).filter { $0 != option.name }
      option.text = "one of its choice has to be set, and the others are not: \(Self.list(others, or: "or"))"
      return option
    }
    if option.wanted == "m", config.value("MODULES") != "y" {
      option.reason = .depends
      option.unmet = [.init(condition: "MODULES", value: "n")]
      option.text = "modules are off: MODULES is n"
      return option
    }
    // A prompt that is not seen leaves the default.
    let hidden = definitions.flatMap { kconfig.visibility(of: $0)?.unmet(.module, in: config) ?? [] }
    if !hidden.isEmpty {
      option.reason = .prompt
      option.unmet = hidden.map { .init(condition: $0.source, value: $0.value(in: config).text) }
      option.text = "it can be changed only if " + hidden.map(describe).joined(separator: ", and ")
      return option
    }
    option.text = "nothing in Kconfig says why"
    return option
  }

  private func activeSelectors(of name: String) -> [String] {
    kconfig.selectors(of: name).filter { config.value($0.name) != "n" && holds($0.condition) }.map(\.name)
  }

  /// Where the value of an option without a prompt comes from.
  private func origin(of name: String, _ definitions: [Kconfig.Definition]) -> String {
    let active = activeSelectors(of: name)
    if !active.isEmpty {
      return "it is selected by " + Self.list(active.map { "\($0) (\(config.value($0)))" }, or: "and")
    }
    let selectors = kconfig.selectors(of: name).map(\.name)
    let defaults = definitions.flatMap(\.defaults)
    if selectors.isEmpty {
      let sources = defaults.map { $0.value + ($0.condition.map { " if \($0)" } ?? "") }
      return sources.isEmpty ? "nothing sets it" : "its default is \(sources.joined(separator: ", "))"
    }
    return "none of what selects it is set: \(Self.list(selectors, or: "or"))"
  }

  private static func list(_ names: [String], or word: String) -> String {
    var names = names.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    if names.count > 4 { names = names.prefix(3) + ["\(names.count - 3) more"] }
    guard let last = names.popLast() else { return "" }
    return names.isEmpty ? last : names.joined(separator: ", ") + " \(word) \(last)"
  }
}
