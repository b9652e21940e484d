/// Another machine, as ssh(1) reaches it.
public struct RemoteAddress: Sendable, Equatable {
  /// `user@box`, an alias of ssh_config(5), or `ssh://user@box:port`.
  public let destination: String
  public var port: Int?
  /// The path of a private key.
  public var identity: String?
  /// The path of an ssh_config(5) instead of the user's and the system's.
  public var config: String?
  /// Further options by their names in ssh_config(5).
  public var options: [String: String] = [:]

  /// - Throws: `invalid` for what ssh would take as an option, or as nothing.
  public init(_ destination: String) throws(HostError) {
    guard !destination.isEmpty, !destination.hasPrefix("-"), destination.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
    else {
      throw HostError(
        .invalid, "\"\(destination)\" is no machine that ssh could reach",
        hint: "user@box, an alias of ~/.ssh/config, or ssh://user@box:port")
    }
    self.destination = destination
  }

  /// The argument vector of ssh that runs a command there.
  /// - Parameters:
  ///   - command: an argument vector; quoted here, since ssh hands a text to the user's shell.
  ///   - terminal: give it a terminal there.
  func ssh(_ command: [String], terminal: Bool = false) -> [String] {
    var words = ["ssh", terminal ? "-t" : "-T"]
    if let config { words += ["-F", config] }
    if let port { words += ["-p", "\(port)"] }
    if let identity { words += ["-i", identity, "-o", "IdentitiesOnly=yes"] }
    // The first value that ssh gets for an option counts.
    words += options.sorted { $0.key < $1.key }.flatMap { ["-o", "\($0.key)=\($0.value)"] }
    // Nobody is there to answer a question: a program asks in the background.
    if !terminal { words += ["-o", "BatchMode=yes"] }
    words += ["-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"]
    return words + ["-o", "ClearAllForwardings=yes", "-o", "LogLevel=ERROR", "--", destination, ShellText.line(command)]
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
        "connect once and compare it: ssh \(destination)")
    }
    if says("Permission denied") || says("Too many authentication failures") {
      return error(
        .permission, "\(destination) does not let this user in",
        "kdevlua asks for no password: put a key there by ssh-copy-id \(destination), or load it by ssh-add")
    }
    if says("Could not resolve hostname") {
      return error(.connection, "the name of \(destination) is not known", "is it written right, and the VPN up?")
    }
    if status == 255 {
      return error(.connection, "\(destination) cannot be reached by ssh", "try: ssh \(destination) true")
    }
    return error(
      .connection, "the shell of \(destination) ended with status \(status) before kdevlua was there",
      "try: ssh \(destination) true")
  }
}
