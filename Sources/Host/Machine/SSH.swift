import Glibc

extension LocalHost {
  /// The options of ssh(1) that reach a machine's guest: its address, a key of the machine's own, a list of known hosts of its
  /// own, and limits of time always, since a guest that crashes leaves a connection without end.
  /// - Returns: names and values as ssh_config(5) has them, `HostName` first.
  /// - Throws: `missing` when no address of the guest is known.
  func sshOptions(_ record: MachineRecord, _ folder: MachineFolder) throws(HostError) -> [(String, String)] {
    guard let address = try address(of: record) else {
      throw HostError(
        .missing, "no address of the guest of \(record.spec.name) is known, so ssh cannot reach it",
        hint: "launch it with a network whose address is known, or use kdevlua exec and kdevlua shell, which need none")
    }
    // `127.0.0.1:PORT` for user networking; an IPv6 address has colons of its own.
    let parts = address.split(separator: ":", omittingEmptySubsequences: false)
    // Into a network namespace only root gets.
    let proxy = record.spec.namespace.map { namespace in
      [
        (
          "ProxyCommand",
          ShellText.line(
            (isRoot ? [] : ["sudo", "-n"]) + ["ip", "netns", "exec", namespace, "busybox", "nc", address, "22"])
        )
      ]
    }
    return [
      ("HostName", parts.count == 2 ? String(parts[0]) : address),
      ("Port", parts.count == 2 ? String(parts[1]) : "22"),
      ("User", "root"), ("IdentityFile", folder.sshKey),
    ] + Self.otherKeys(record) + [
      ("UserKnownHostsFile", folder.knownHosts), ("GlobalKnownHostsFile", "/dev/null"),
      ("StrictHostKeyChecking", "accept-new"), ("HostKeyAlias", "kd-\(record.spec.name)"),
      ("BatchMode", "yes"), ("ConnectTimeout", "10"), ("ServerAliveInterval", "5"), ("ServerAliveCountMax", "3"),
      ("LogLevel", "ERROR"),
    ] + (proxy ?? [])
  }

  /// Nobody puts the machine's key into a guest without an agent: what lets its user in are the user's own (ssh_config(5),
  /// IdentityFile).
  private static func otherKeys(_ record: MachineRecord) -> [(String, String)] {
    if record.spec.wait != .none || record.spec.agent != .kdevlua { return [("IdentitiesOnly", "yes")] }
    return ["rsa", "ecdsa", "ed25519"].map { ("IdentityFile", "~/.ssh/id_\($0)") }
  }

  /// Whether an ssh server answers in the guest of a machine, before ssh itself says less of it.
  /// - Throws: `guest` when none does.
  public func checkSSH(ofMachine name: String) throws(HostError) {
    guard let record = try machine(name)?.record, record.spec.namespace == nil, let address = try address(of: record)
    else { return }
    let parts = address.split(separator: ":")
    guard let host = IPv4.parse(String(parts[0])), parts.count < 3 else { return }
    let port = parts.count == 2 ? Int(parts[1]) ?? 22 : 22
    if readBanner(host, port).starts(with: Array("SSH-".utf8)) { return }
    throw HostError(
      .guest, "no ssh server answers in the guest of \(name), at \(address)",
      hint: "kdevlua shell \(name) and kdevlua exec \(name) need none")
  }

  /// Makes the machine's key (ed25519, without a passphrase, 0600) unless it is there.
  func makeSSHKey(_ folder: MachineFolder, _ name: String) async throws(HostError) {
    guard !Files.exists(folder.sshKey) else { return }
    try await require(
      .change("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "kdevlua \(name)", "-f", folder.sshKey),
      to: "make the ssh key of \(name)", timeLimit: .seconds(30))
  }

  /// A snippet for ssh_config(5): with `Include` of it, `ssh kd-NAME` reaches each machine whose address is known.
  public func sshConfig() throws(HostError) -> String {
    var text = ""
    for machine in try machines() where machine.processID != nil {
      guard try address(of: machine.record) != nil else { continue }
      let name = machine.record.spec.name
      text += "Host kd-\(name)\n"
      for (key, value) in try sshOptions(machine.record, folder(ofMachine: name)) {
        text += "  \(key) \(key != "ProxyCommand" && value.contains(where: \.isWhitespace) ? "\"\(value)\"" : value)\n"
      }
    }
    return text
  }

  /// Writes the snippet into the state folder, and puts the machines' keys into their guests. From then on it is kept up to date:
  /// see ``refreshSSHConfig(with:)``.
  /// - Returns: its path.
  public func writeSSHConfig() async throws(HostError) -> String {
    if plans("# \(sshConfigPath): an ssh host for each machine") { return sshConfigPath }
    _ = try executables.require("ssh-keygen")
    try writeSSHConfigFile()
    for state in try machines() where state.processID != nil {
      guard try address(of: state.record) != nil else { continue }
      let name = state.record.spec.name
      try await makeSSHKey(folder(ofMachine: name), name)
      do throws(HostError) {
        let machine = try await runningMachine(name, timeLimit: .seconds(2))
        // A guest without our agent has had its key by other means.
        if machine.channel != nil { try await machine.authorizeSSH() }
      } catch {
        if error.code == .cancelled { throw error }
        warn("could not put the ssh key into the guest \(name), kdevlua ssh \(name) tries again: \(error.message)")
      }
    }
    return sshConfigPath
  }

  /// Where ssh looks that was told to include the snippet.
  private var sshConfigPath: String { state.root + "/ssh_config" }

  private func writeSSHConfigFile() throws(HostError) {
    // Machines come and go at the same time; whoever is last knows of all.
    try state.make(state.locks)
    let lock = try FileLock.wait(state.locks + "/ssh_config.lock")
    defer { withExtendedLifetime(lock) {} }
    try Files.write(Array(try sshConfig().utf8), to: sshConfigPath, mode: 0o600)
  }

  /// Writes the snippet anew, where somebody has asked for one, as a machine has come or gone.
  /// - Parameter machine: one that has come: its key is put into its guest.
  func refreshSSHConfig(with machine: Machine? = nil) async {
    guard !isDryRun, Files.exists(sshConfigPath) else { return }
    do throws(HostError) {
      if let machine, try address(of: machine.record) != nil {
        try await makeSSHKey(machine.folder, machine.name)
        if machine.channel != nil { try await machine.authorizeSSH() }
      }
      try writeSSHConfigFile()
    } catch { warn("could not keep \(sshConfigPath) up to date: \(error.message)") }
  }

  /// The argument vector of ssh for a machine's guest.
  /// - Parameters:
  ///   - arguments: the command, an argument vector; quoted here, since ssh hands a text to the guest's shell. None is a shell.
  ///   - terminal: ask for a terminal in the guest.
  public func sshCommand(
    toMachine name: String, _ arguments: [String], terminal: Bool = false
  ) async throws(HostError) -> [String] {
    guard let state = try machine(name), state.processID != nil else {
      throw HostError(.invalid, "no machine \(name) is running", hint: "kdevlua ps lists those there are")
    }
    let folder = folder(ofMachine: name)
    let options = try sshOptions(state.record, folder)
    _ = try executables.require("ssh")
    try await makeSSHKey(folder, name)
    return ["ssh", "-F", "none"] + options.flatMap { ["-o", "\($0.0)=\($0.1.replacing("%", with: "%%"))"] }
      + (terminal ? ["-t"] : ["-T"]) + ["kd-\(name)"] + (arguments.isEmpty ? [] : ["--", ShellText.line(arguments)])
  }
}

extension MachineFolder {
  /// The private key; the public one has `.pub` behind it.
  var sshKey: String { path + "/ssh_key" }
  var knownHosts: String { path + "/known_hosts" }
}

extension Machine {
  /// Puts the machine's public key among those that root's sshd in the guest lets in, by the guest channel.
  /// - Throws: `command` when the guest cannot write it.
  public func authorizeSSH() async throws(HostError) {
    try await host.makeSSHKey(folder, name)
    if host.isDryRun { return }
    let key = try Files.read(folder.sshKey + ".pub")
    let script = """
      umask 077
      mkdir -p /root/.ssh && cd /root/.ssh && key=$(cat) || exit
      grep -qxF "$key" authorized_keys 2>/dev/null || printf '%s\\n' "$key" >>authorized_keys
      """
    let result = try await execute(["/bin/sh", "-c", script].map { Array($0.utf8) }, input: .bytes(key))
    guard result.status == 0 else {
      throw HostError(
        .command, "could not put the ssh key into the guest \(name)", status: result.status,
        detail: String(decoding: result.error, as: UTF8.self))
    }
  }

  /// Runs a program in the guest by ssh, with limits of time that end it when the guest does not answer any more.
  /// - Returns: its status and output.
  /// - Throws: `missing` without an address; `guest` when ssh itself fails (its status 255), with what it said.
  public func ssh(
    _ arguments: [String], input: [UInt8]? = nil, timeLimit: Duration? = nil
  ) async throws(HostError) -> GuestResult {
    if channel != nil { try await authorizeSSH() }
    var command = Command.change(try await host.sshCommand(toMachine: name, arguments))
    command.input = input
    let result = try await host.run(command, timeLimit: timeLimit)
    guard result.status != 255 else {
      throw HostError(
        .guest, "ssh does not reach the guest \(name)", hint: "is an sshd running in it? kdevlua exec needs none",
        command: command.arguments, status: 255, detail: result.errorText)
    }
    return GuestResult(status: result.status, output: result.output, error: result.error)
  }
}
