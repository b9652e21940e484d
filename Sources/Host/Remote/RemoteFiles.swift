extension RemoteConnection {
  /// Copies a file or a folder with all in it to the other machine, by scp(1): modes and times come along.
  /// - Parameters:
  ///   - local: on this machine.
  ///   - remote: there. Into a folder that is there it goes under its own name.
  /// - Throws: `missing` when there is nothing at `local`; `command` with scp's own words.
  public func push(_ local: String, to remote: String, on host: LocalHost) async throws(HostError) {
    let own = Files.absolute(local)
    guard Files.exists(own) else { throw HostError(.missing, "there is no file or folder \(local)") }
    try await copy(own, try place(remote), "push \(Files.name(of: own)) to \(address.destination)", on: host)
  }

  /// Copies a file or a folder from the other machine; as ``push(_:to:on:)``.
  public func pull(_ remote: String, to local: String, on host: LocalHost) async throws(HostError) {
    guard !local.isEmpty else { throw HostError(.invalid, "a path expected, got an empty text") }
    let name = Files.name(of: remote)
    try await copy(try place(remote), Files.absolute(local), "pull \(name) from \(address.destination)", on: host)
  }

  /// A path of the other machine, as scp takes it.
  private func place(_ path: String) throws(HostError) -> String {
    guard !path.isEmpty else { throw HostError(.invalid, "a path expected, got an empty text") }
    return address.copyPrefix + (path.hasPrefix("/") ? path : folder.map { $0 + "/" + path } ?? path)
  }

  private func copy(_ from: String, _ to: String, _ label: String, on host: LocalHost) async throws(HostError) {
    try await host.step(label) { _ async throws(HostError) in
      let command = Command.change(["scp", "-q", "-r", "-p"] + address.options(port: "-P") + ["--", from, to])
      let result = try await host.run(command)
      guard result.succeeded else { throw host.failure(of: command, result, to: label) }
    }
  }
}
