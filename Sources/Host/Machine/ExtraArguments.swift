/// Checks arguments of the user's for QEMU against what that QEMU says it has, before anything is made.
extension LocalHost {
  /// - Parameter arguments: those that follow the machine's own, as they are given to QEMU.
  /// - Throws: `invalid`, with the option, device or property that QEMU does not have.
  func checkExtra(_ arguments: [String]) async throws(HostError) {
    guard !arguments.isEmpty else { return }
    let options = Self.options(try await qemuSays("-help"))
    var place = 0
    while place < arguments.count {
      let name = arguments[place]
      let given = name.hasPrefix("--") ? String(name.dropFirst()) : name
      guard given.hasPrefix("-") else {
        throw HostError(.invalid, "\"\(name)\" in the arguments for QEMU is no option, and belongs to none")
      }
      guard let takesValue = options[given] else {
        throw HostError(
          .invalid, "QEMU has no option \(name)", hint: "qemu-system-x86_64 -help lists those that it has")
      }
      guard takesValue else {
        place += 1
        continue
      }
      guard place + 1 < arguments.count else { throw HostError(.invalid, "QEMU's option \(name) needs a value") }
      if given == "-device" { try await checkDevice(arguments[place + 1]) }
      place += 2
    }
  }

  /// Checks the device of a network card.
  func checkModels(_ cards: [NetworkCard]) async throws(HostError) {
    for model in Set(cards.map(\.model)) where model != NetworkCard.virtio { try await checkDevice(model) }
  }

  /// - Parameter text: the value of `-device`: a driver, and properties behind commas. JSON is left to QEMU.
  private func checkDevice(_ text: String) async throws(HostError) {
    guard !text.hasPrefix("{") else { return }
    // A comma that is doubled is part of a value.
    let parts = text.split(separator: ",,", omittingEmptySubsequences: false).joined(separator: "\u{0}")
      .split(separator: ",").map(String.init)
    guard let first = parts.first else { return }
    let driver = first.hasPrefix("driver=") ? String(first.dropFirst("driver=".count)) : first
    guard Self.devices(try await qemuSays("-device", "help")).contains(driver) else {
      throw HostError(
        .invalid, "QEMU has no device \(driver)", hint: "qemu-system-x86_64 -device help lists those that it has")
    }
    let wanted = parts.dropFirst().map { String($0.prefix { $0 != "=" }) }
    guard !wanted.isEmpty else { return }
    let known = Self.properties(try await qemuSays("-device", "\(driver),help"))
    // Those that every device has, and QEMU lists for none.
    for name in wanted where !known.contains(name) && !["id", "bus"].contains(name) {
      throw HostError(
        .invalid, "QEMU's device \(driver) has no property \(name)",
        hint: "qemu-system-x86_64 -device \(driver),help lists those that it has")
    }
  }

  private func qemuSays(_ question: String...) async throws(HostError) -> String {
    try await require(.query(["qemu-system-x86_64"] + question), to: "ask QEMU what it has", timeLimit: .seconds(20))
      .outputText
  }

  /// From `-help`: `-name string1[,process=...]`, `-S              freeze CPU at startup`, `-h or -help     display ...`.
  /// Whether one takes a value is said by what follows a single blank.
  static func options(_ text: String) -> [String: Bool] {
    var options: [String: Bool] = [:]
    for line in text.split(separator: "\n") where line.hasPrefix("-") {
      let name = line.prefix { $0 != " " && $0 != "\t" }
      let rest = line.dropFirst(name.count)
      let takesValue = rest.hasPrefix(" ") && ![" ", "or ", "enable "].contains { rest.dropFirst().hasPrefix($0) }
      // `-fda/-fdb file`
      for name in name.split(separator: "/") {
        options[String(name.hasPrefix("--") ? name.dropFirst() : name)] = takesValue
      }
    }
    return options
  }

  /// From `-device help`: `name "virtio-blk-pci", bus PCI, alias "virtio-blk"`.
  static func devices(_ text: String) -> Set<String> {
    var names: Set<String> = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: "\"", omittingEmptySubsequences: false)
      for place in words.indices.dropLast() where words[place] == "name " || words[place].hasSuffix("alias ") {
        names.insert(String(words[place + 1]))
      }
    }
    return names
  }

  /// From `-device NAME,help`: `  serial=<str>`.
  static func properties(_ text: String) -> Set<String> {
    Set(
      text.split(separator: "\n").filter { $0.hasPrefix("  ") && $0.contains("=<") }
        .map { String($0.drop { $0 == " " }.prefix { $0 != "=" }) })
  }
}
