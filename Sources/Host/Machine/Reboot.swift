extension Machine {
  /// Lets the guest reboot, by its own `reboot`, and waits until its agent answers again.
  /// - Parameter limit: for all of it.
  /// - Returns: the `uname -r` of the kernel that runs then.
  /// - Throws: `invalid` when the machine was launched to end at a reboot, or is not reached by kdevlua's agent; `command` when the
  ///   guest cannot reboot; `guest` and `timeout` with the console's last lines.
  public func reboot(within limit: Duration) async throws(HostError) -> String {
    guard record.spec.reboots else {
      throw HostError(
        .invalid, "the machine \(name) was launched to end when its guest reboots", hint: "launch it with reboot = true"
      )
    }
    return try await host.step("reboot \(name)") { step async throws(HostError) in
      if host.plans(inGuest("reboot")) { return release ?? "" }
      guard let channel = channel as? GuestChannel else {
        throw HostError(
          .invalid, "the guest of \(name) is not reached by kdevlua's agent, which tells one boot from the next",
          hint: "vm:exec { \"reboot\" }, or vm:reset()")
      }
      let before = channel.hello
      do throws(HostError) {
        // The guest may be gone before the program has ended.
        let result = try await execute([Array("reboot".utf8)], timeLimit: .seconds(60))
        guard result.status == 0 else {
          throw HostError(
            .command, "the guest of \(name) does not reboot", command: ["reboot"], status: result.status,
            detail: String(decoding: result.error, as: UTF8.self))
        }
      } catch {
        if error.code != .guest || channel.hasEnded { throw error }
      }
      step.progress("waiting for the guest")
      do throws(HostError) {
        try await withTimeLimit(limit, "the guest did not answer after its reboot") { () async throws(HostError) in
          try await channel.nextBoot(after: before)
        }
      } catch {
        throw error.withConsole(of: folder)
      }
      try host.update(name) { $0.release = channel.hello.release }
      step.detail("Linux \(channel.hello.release)")
      return channel.hello.release
    }
  }

  /// The guest's `uname -r`; nil where no agent was waited for.
  public var release: String? { channel?.release ?? record.release }
}
