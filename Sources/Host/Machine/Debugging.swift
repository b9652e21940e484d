import Glibc

extension Machine {
  /// The guest's kernel log, as dmesg(1) prints it.
  /// - Parameter clears: empty the log after it.
  public func kernelLog(clears: Bool = false) async throws(HostError) -> [UInt8] {
    try await require(clears ? ["dmesg", "-c"] : ["dmesg"], to: "read the kernel's log").output
  }

  /// Switches messages of `pr_debug` and its kin on or off.
  /// - Parameter query: in the words of the kernel's dynamic-debug-howto: `module ceph +p`.
  /// - Throws: `command` when the kernel does not take it, or was built without CONFIG_DYNAMIC_DEBUG.
  public func dynamicDebug(_ query: String) async throws(HostError) {
    try await writeInGuest(query, to: "/proc/dynamic_debug/control")
  }

  /// Runs a command with a tracer of ftrace on.
  /// - Parameters:
  ///   - tracer: as `available_tracers` names it.
  ///   - filter: functions to trace, with `*`; none are all.
  ///   - events: events to record besides, as in `set_event`: `ceph:*`.
  /// - Returns: what the command left, and the trace.
  /// - Throws: `command` when the kernel does not have what is asked for. Tracing is off afterwards, whatever happens.
  public func trace(
    _ arguments: [[UInt8]], tracer: String, filter: [String], events: [String], timeLimit: Duration?
  ) async throws(HostError) -> (result: GuestResult, trace: [UInt8]) {
    let folder = "/sys/kernel/tracing"
    if channel != nil, !(try await readInGuest("/proc/mounts").contains(" \(folder) tracefs ")) {
      try await require(["mount", "-t", "tracefs", "tracefs", folder], to: "mount tracefs")
    }
    func setUp() async throws(HostError) {
      try await writeInGuest("0", to: folder + "/tracing_on")
      try await writeInGuest("", to: folder + "/trace")
      try await writeInGuest("nop", to: folder + "/current_tracer")
      if tracer != "nop" {
        for (place, word) in filter.enumerated() {
          try await writeInGuest(word, to: folder + "/set_ftrace_filter", appending: place > 0)
        }
        try await writeInGuest(tracer, to: folder + "/current_tracer")
      }
      for event in events { try await writeInGuest(event, to: folder + "/set_event", appending: true) }
      try await writeInGuest("1", to: folder + "/tracing_on")
    }
    @Sendable func cleanUp() async throws(HostError) {
      try await writeInGuest("0", to: folder + "/tracing_on")
      try await writeInGuest("nop", to: folder + "/current_tracer")
      if !filter.isEmpty, tracer != "nop" { try await writeInGuest("", to: folder + "/set_ftrace_filter") }
      if !events.isEmpty { try await writeInGuest("", to: folder + "/set_event") }
    }
    do throws(HostError) {
      try await setUp()
      let result = try await execute(arguments, timeLimit: timeLimit)
      try await writeInGuest("0", to: folder + "/tracing_on")
      let trace = try await require(["cat", folder + "/trace"], to: "read the trace").output
      try await cleanUp()
      return (result, trace)
    } catch {
      try? await uncancelled { () async throws(HostError) in try await cleanUp() }
      throw error
    }
  }

  private func writeInGuest(_ text: String, to path: String, appending: Bool = false) async throws(HostError) {
    let script = "printf '%s\\n' \"$1\" \(appending ? ">>" : ">") \"$2\""
    try await require(["sh", "-c", script, "sh", text, path], to: "write '\(text)' to \(path)")
  }
}
