extension Machine {
  /// The line for a shell of the host that runs a line in the guest.
  func inGuest(_ text: String, readsInput: Bool = false) -> String {
    "kdevlua exec \(readsInput ? "--stdin " : "")\(name) \(text)"
  }

  /// Runs a program in the guest.
  /// - Parameters:
  ///   - arguments: the argument vector, bytes unharmed.
  ///   - directory: the working folder in the guest; nil is `/`.
  ///   - input: its standard input.
  ///   - output: where its standard output goes; `.inherit` is the caller's own.
  ///   - error: where its standard error goes.
  ///   - timeLimit: the program is killed when it passes.
  ///   - onReport: what becomes of what the guest's kernel reports meanwhile; nil is the machine's own.
  /// - Returns: its status, and what is captured of its output. In a dry run, status 0 and nothing.
  /// - Throws: `timeout`; `guest` with the console's last lines when the guest ends before the program does; `kernelOops` and
  ///   `kernelWarning` with what its kernel reported.
  public func execute(
    _ arguments: [[UInt8]], directory: [UInt8]? = nil, environment: [(name: String, value: [UInt8])] = [],
    input: GuestInput = .none, output: OutputTarget = .capture, error: OutputTarget = .capture,
    timeLimit: Duration? = nil, onReport: ReportPolicy? = nil
  ) async throws(HostError) -> GuestResult {
    let text = ShellText.line(arguments.map { String(decoding: $0, as: UTF8.self) })
    guard let channel else {
      guard host.isDryRun else {
        if record.spec.wait == .agent {
          if let still = try await host.standstill(folder) { throw record.error(of: still) }
          throw HostError(
            .invalid, "the machine \(name) stood still when it was asked for, so there is no channel to its guest",
            hint: "ask for it again: kdev.vm.get(\"\(name)\")")
        }
        throw HostError(
          .invalid, "there is no channel to the guest of \(name): it was launched without waiting for its agent",
          hint: "launch it with wait = \"agent\", or with agent = \"qemu\" where QEMU's agent is installed")
      }
      host.observer.observe(.planned(inGuest(text)))
      return GuestResult(status: 0, output: [], error: [])
    }
    host.observer.observe(.command(inGuest(text)))
    do throws(HostError) {
      return try await watchingReports(onReport) { () async throws(HostError) in
        do throws(HostError) {
          return try await withTimeLimit(timeLimit, "\(text) did not end in the guest") { () async throws(HostError) in
            let streams = GuestStreams(channel: channel, lanes: self.lanes, input: input, output: output, error: error)
            return try await streams.execute(arguments, directory: directory, environment: environment)
          }
        } catch {
          // QEMU has ended, so nothing more comes.
          if error.code == .guest { self.reports.finish() }
          throw error
        }
      }
    } catch {
      guard error.code == .guest, error != GuestChannel.restored else { throw error }
      var ended = error.withConsole(of: folder)
      if let report = ended.report { ended.report = await decoded(report) }
      throw ended
    }
  }

  /// Mounts a share in the guest, as in the document: `mount -t 9p -o trans=virtio`, or `mount -t virtiofs`; no error when it is
  /// mounted there already. (`msize` is twice the kernel's own default: large reads and writes take half the messages.)
  /// - Parameters:
  ///   - tag: the share's tag.
  ///   - directory: where, in the guest; it is made.
  /// - Throws: `command` when the guest cannot mount it, with what it said.
  public func mount(_ tag: String, at directory: String) async throws(HostError) {
    try await host.step("mount \(tag) in the guest") { step async throws(HostError) in
      guard let share = record.spec.shares.first(where: { $0.tag == tag }) else {
        let tags = record.spec.shares.map(\.tag).joined(separator: ", ")
        throw HostError(
          .invalid, "the machine \(name) has no share \(tag)", hint: tags.isEmpty ? nil : "it has: \(tags)")
      }
      let mounts = try await execute([Array("cat".utf8), Array("/proc/mounts".utf8)])
      // A line of /proc/mounts: what, where, kind (fstab(5)).
      if String(decoding: mounts.output, as: UTF8.self).split(separator: "\n").contains(where: {
        $0.hasPrefix("\(tag) \(directory) \(share.driver.rawValue) ")
      }) {
        step.adopted("at \(directory)")
        return
      }
      try await require(["mkdir", "-p", directory], to: "make \(directory)")
      let options = share.driver == .plan9 ? ["-o", "trans=virtio,version=9p2000.L,msize=262144"] : []
      do throws(HostError) {
        try await require(
          ["mount", "-t", share.driver.rawValue] + options + [tag, directory], to: "mount \(tag) at \(directory)")
      } catch {
        guard share.driver == .virtiofs, error.code == .command else { throw error }
        var error = error
        error.hint = "the guest needs its module: kdev.kernel.initramfs(kernel, { modules = { \"virtiofs\" } })"
        throw error
      }
      step.detail("at \(directory)")
    }
  }

  /// Runs a program that has to succeed.
  /// - Parameter purpose: what it is for, as in "could not PURPOSE in the guest".
  /// - Throws: `command` with its status and standard error when it fails.
  @discardableResult
  func require(
    _ arguments: [String], to purpose: String, timeLimit: Duration? = .seconds(60)
  ) async throws(HostError) -> GuestResult {
    let result = try await execute(arguments.map { Array($0.utf8) }, timeLimit: timeLimit)
    guard result.status == 0 else {
      throw HostError(
        .command, "could not \(purpose) in the guest: \(arguments[0]) ended with status \(result.status)",
        command: arguments,
        status: result.status, detail: String(decoding: result.error, as: UTF8.self))
    }
    return result
  }

  /// Ends the machine and strikes it out of the journal.
  /// - Parameter gracefully: let the guest write its disks first.
  public func stop(gracefully: Bool = true) async throws(HostError) {
    disconnect()
    try await host.step("stop \(name)") { step async throws(HostError) in
      try await host.stopMachine(name: name, folder: folder.path, runs: true, gracefully: gracefully, step)
      for entry in try host.journal.entries() {
        if case .machine(_, folder.path) = entry.resource { try host.journal.strike(entry) }
      }
    }
  }
}
