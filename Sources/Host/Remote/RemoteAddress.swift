/// Another machine, as ssh(1) reaches it.
public struct RemoteAddress: Sendable, Equatable {
  /// `user@box`, or an alias of ssh_config(5).
  public let destination: String
  public var port: Int?
  /// The path of a private key.
  public var identity: String?
  /// The path of an ssh_config(5) instead of the user's and the system's.
  public var config: String?
  /// Further options by their names in ssh_config(5).
  public var options: [String: String] = [:]

  /// - Parameter text: `user@box`, an alias of ssh_config(5), or `ssh://user@box:port`.
  /// - Throws: `invalid` for what ssh would take as an option, or as nothing.
  public init(_ text: String) throws(HostError) {
    var rest = text[...]
    if text.hasPrefix("ssh://") {
      rest = rest.dropFirst("ssh://".count)
      if rest.hasSuffix("/") { rest = rest.dropLast() }
      // An IPv6 address stands in brackets, and has colons of its own.
      if let colon = rest.lastIndex(of: ":"), rest.lastIndex(of: "]").map({ $0 < colon }) ?? true {
        port = Int(rest[rest.index(after: colon)...]) ?? 0
        rest = rest[..<colon]
      }
      rest.removeAll { $0 == "[" || $0 == "]" }
    }
    guard !rest.isEmpty, !rest.hasPrefix("-"), !rest.contains("/"), rest.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }),
      port.map({ (1...65535).contains($0) }) ?? true
    else {
      throw HostError(
        .invalid, "\"\(text)\" is no machine that ssh could reach",
        hint: "user@box, an alias of ~/.ssh/config, or ssh://user@box:port")
    }
    destination = String(rest)
  }

  /// The argument vector of ssh that runs a command there.
  /// - Parameters:
  ///   - command: an argument vector; quoted here, since ssh hands a text to the user's shell.
  ///   - terminal: give it a terminal there.
  func ssh(_ command: [String], terminal: Bool = false) -> [String] {
    ["ssh", terminal ? "-t" : "-T"] + options(port: "-p", asks: terminal)
      + ["--", destination, ShellText.line(command)]
  }

  /// What a person types to reach it by a program of ssh's.
  private func typed(_ program: String) -> String {
    var words = [program]
    if let config { words += ["-F", config] }
    if let port { words += ["-p", "\(port)"] }
    if let identity { words += ["-i", identity] }
    return ShellText.line(words + [destination])
  }

  /// The options of ssh and scp that reach it.
  /// - Parameters:
  ///   - flag: the one for the port, which the two call differently.
  ///   - asks: somebody is there to answer a question.
  func options(port flag: String, asks: Bool = false) -> [String] {
    var words: [String] = []
    if let config { words += ["-F", config] }
    if let port { words += [flag, "\(port)"] }
    if let identity { words += ["-i", identity, "-o", "IdentitiesOnly=yes"] }
    // The first value that ssh gets for an option counts.
    words += options.sorted { $0.key < $1.key }.flatMap { ["-o", "\($0.key)=\($0.value)"] }
    if !asks { words += ["-o", "BatchMode=yes"] }
    words += ["-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"]
    return words + ["-o", "ClearAllForwardings=yes", "-o", "LogLevel=ERROR"]
  }

  /// What a path there begins with for scp.
  var copyPrefix: String {
    let parts = destination.split(separator: "@", maxSplits: 1).map(String.init)
    let host = parts.last ?? destination
    return (parts.count > 1 ? parts[0] + "@" : "") + (host.contains(":") ? "[\(host)]" : host) + ":"
  }

  /// The error of an ssh that has ended before the other machine answered.
  /// - Parameters:
  ///   - status: its exit status.
  ///   - text: what it wrote to its standard error.
  func failure(status: Int, _ text: String) -> HostError {
    func error(_ code: HostError.Code, _ message: String, _ hint: String?) -> HostError {
      HostError(code, message, hint: hint, command: nil, status: status, detail: text)
    }
    let says = { (part: String) in text.contains(part) }
    if says("REMOTE HOST IDENTIFICATION HAS CHANGED") {
      return error(
        .connection, "\(destination) has another host key than the known one",
        "find out why; when it was set up anew: ssh-keygen -R HOST, then connect by ssh once")
    }
    if says("Host key verification failed") {
      return error(
        .connection, "the host key of \(destination) is not known",
        "connect once and compare it: \(typed("ssh"))")
    }
    if says("Permission denied") || says("Too many authentication failures") {
      return error(
        .permission, "\(destination) does not let this user in",
        "kdevlua asks for no password: put a key there by \(typed("ssh-copy-id")), or load it by ssh-add")
    }
    if says("Could not resolve hostname") {
      return error(.connection, "the name of \(destination) is not known", "is it written right, and the VPN up?")
    }
    if status == 255 {
      return error(.connection, "\(destination) cannot be reached by ssh", "try: \(typed("ssh")) true")
    }
    return error(
      .connection, "the shell of \(destination) ended with status \(status) before kdevlua was there",
      "try: ssh \(destination) true")
  }
}
