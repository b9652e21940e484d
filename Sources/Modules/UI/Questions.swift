import Host

extension LocalHost {
  /// Where nobody can be asked, `standard` is the answer.
  func confirm(_ question: String, _ standard: Bool?) async throws(HostError) -> Bool {
    if !canAsk, let standard { return standard }
    let choices = standard.map { $0 ? "[Y/n]" : "[y/N]" } ?? "[y/n]"
    var prompt = "\(question) \(choices) "
    while true {
      switch (try await ask(prompt, about: question).lowercased().trimmed, standard) {
      case ("y", _), ("yes", _): return true
      case ("n", _), ("no", _): return false
      case ("", let standard?): return standard
      default: prompt = "y or n, please: \(question) \(choices) "
      }
    }
  }

  func prompt(_ question: String, _ standard: String?) async throws(HostError) -> String {
    if !canAsk, let standard { return standard }
    let answer = try await ask(question + (standard.map { " [\($0)]" } ?? "") + ": ", about: question)
    return answer.isEmpty ? standard ?? answer : answer
  }

  func select(_ question: String, among choices: [String], _ standard: String?) async throws(HostError) -> String {
    if !canAsk, let standard { return standard }
    var list = question + "\n"
    for (position, choice) in choices.enumerated() { list += "  \(position + 1)) \(choice)\n" }
    let end = standard.map { "number or name [\($0)]: " } ?? "number or name: "
    var prompt = list + end
    while true {
      let answer = try await ask(prompt, about: question).trimmed
      if answer.isEmpty, let standard { return standard }
      if choices.contains(answer) { return answer }
      if let number = Int(answer), choices.indices.contains(number - 1) { return choices[number - 1] }
      prompt = "1 to \(choices.count), or a name, please; " + end
    }
  }
}

extension String {
  fileprivate var trimmed: String {
    let start = drop { $0.isWhitespace }
    return String(
      start.prefix(upTo: start.lastIndex { !$0.isWhitespace }.map { start.index(after: $0) } ?? start.startIndex))
  }
}
