import FoundationEssentials
import Glibc

/// A saved state of a machine inside of its disk: memory, devices and disks.
public struct Snapshot: Sendable, Equatable {
  public let name: String
  /// When it was made: seconds since 1970.
  public let date: Int
  /// Bytes of memory and devices.
  public let size: Int
}

extension Machine {
  /// Saves the machine as it runs, in its first qcow2 disk; it stands still meanwhile. QEMU saves no machine that has a 9p share
  /// mounted, so the guest unmounts its shares before and mounts them again after.
  /// - Parameter snapshot: the name.
  /// - Throws: `invalid` for a bad name, or a machine without a disk or with one that is not qcow2; `conflict` when there is
  ///   one of that name; `busy` when a share is in use; `command` with QEMU's own words.
  public func snapshot(_ snapshot: String) async throws(HostError) {
    try await host.step("snapshot \(snapshot) of \(name)") { step async throws(HostError) in
      try Self.validate(snapshot: snapshot)
      try LocalHost.checkIsSaved(record.spec)
      if host.plans("# snapshot-save \(snapshot) by QMP") { return }
      let nodes = try await connected { qmp async throws(HostError) in
        guard !(try await snapshots(qmp).contains { $0.name == snapshot }) else {
          throw HostError(
            .conflict, "the machine \(name) has a snapshot \(snapshot) already",
            hint: "delete it, or choose another name")
        }
        return try await disks(qmp)
      }
      do throws(HostError) {
        step.progress("unmounting shares")
        try await freeze()
        step.progress("saving")
        // QEMU does nothing else meanwhile, and cannot be told to leave it.
        try await uncancelled { [self] () async throws(HostError) in
          try await run("snapshot-save", snapshot, nodes)
        }
        if Task.isCancelled {
          try await uncancelled { [self] () async throws(HostError) in try await delete(snapshot, nodes) }
          throw .cancelled
        }
      } catch {
        try await goOn(after: error)
      }
      try await uncancelled { [self] () async throws(HostError) in try await thaw() }
    }
  }

  /// Goes back to a saved state. What the guest did since is lost; its clock is set, and its random numbers are fresh.
  /// - Throws: `missing` when there is none of that name; `busy` when a share is in use; `command` with QEMU's own words when
  ///   the state cannot be loaded: the machine then goes on as it was; `cancelled`, but once QEMU is at it, it goes back all the same.
  public func restore(_ snapshot: String) async throws(HostError) {
    try await host.step("restore \(name) to \(snapshot)") { step async throws(HostError) in
      try Self.validate(snapshot: snapshot)
      if host.plans("# snapshot-load \(snapshot) by QMP") { return }
      let nodes = try await nodes(with: snapshot)
      // The guest's shares have to go, but a guest that hangs is the best reason to go back.
      step.progress("unmounting shares")
      _ = try? await withTimeLimit(.seconds(5), "freeze") { () async throws(HostError) in try await freeze() }
      do throws(HostError) {
        if Task.isCancelled { throw .cancelled }
        step.progress("loading")
        try await uncancelled { [self] () async throws(HostError) in
          try await run("snapshot-load", snapshot, nodes)
        }
      } catch {
        try await goOn(after: error)
      }
      try await uncancelled { [self] () async throws(HostError) in
        // The guest is where it was when it was saved, and so is its agent.
        try await withTimeLimit(.seconds(60), "the guest \(name) does not answer") { () async throws(HostError) in
          try await channel?.begin()
        }
        try await thaw()
      }
    }
  }

  /// The saved states, the oldest first.
  public func snapshots() async throws(HostError) -> [Snapshot] {
    if host.isDryRun { return [] }
    let qmp = try await QMP.connect(folder.qmp)
    defer { qmp.close() }
    return try await snapshots(qmp)
  }

  /// Deletes a saved state.
  /// - Throws: `missing` when there is none of that name.
  public func deleteSnapshot(_ snapshot: String) async throws(HostError) {
    try await host.step("delete the snapshot \(snapshot) of \(name)") { _ async throws(HostError) in
      try Self.validate(snapshot: snapshot)
      if host.plans("# snapshot-delete \(snapshot) by QMP") { return }
      try await delete(snapshot, try await nodes(with: snapshot))
    }
  }

  private func delete(_ snapshot: String, _ nodes: [String]) async throws(HostError) {
    try await connected { qmp async throws(HostError) in
      try await qmp.runJob("snapshot-delete", ["tag": .string(snapshot), "devices": .array(nodes.map { .string($0) })])
    }
  }

  private func run(_ job: String, _ snapshot: String, _ nodes: [String]) async throws(HostError) {
    try await connected { qmp async throws(HostError) in
      try await qmp.runJob(
        job,
        ["tag": .string(snapshot), "vmstate": .string(nodes[0]), "devices": .array(nodes.map { .string($0) })])
    }
  }

  /// Lets the guest go on as it was, also in a cancelled task: a load that failed leaves the machine standing still, as `restore-vm`.
  /// - Throws: the error, always.
  private func goOn(after error: HostError) async throws(HostError) -> Never {
    do throws(HostError) {
      try await uncancelled { [self] () async throws(HostError) in
        try await connected { qmp async throws(HostError) in
          if try await qmp.execute("query-status")["running"]?.bool == false { try await qmp.execute("cont") }
        }
        try await thaw()
      }
    } catch let trouble {
      host.warn(trouble.message)
    }
    throw error
  }

  /// The block nodes that are saved.
  /// - Throws: `invalid` when there is none, or one that cannot hold a snapshot.
  private func disks(_ qmp: QMP) async throws(HostError) -> [String] {
    var nodes: [String] = []
    for device in try await qmp.execute("query-block").array ?? [] {
      guard let image = device["inserted"], image["ro"]?.bool != true, let node = image["node-name"]?.string else {
        continue
      }
      guard image["drv"]?.string == "qcow2" else {
        throw HostError(
          .invalid,
          "the disk \(image["file"]?.string ?? node) of \(name) is \(image["drv"]?.string ?? "unknown"), and only qcow2 holds snapshots",
          hint: "put an overlay over it: kdev.disk.overlay { path = ..., backing = disk }")
      }
      nodes.append(node)
    }
    guard !nodes.isEmpty else {
      throw HostError(
        .invalid, "the machine \(name) has no qcow2 disk, and a snapshot is kept in one",
        hint: "give it one: disks = { kdev.disk.create { path = \"\(name).qcow2\", size = \"4G\" } }")
    }
    return nodes
  }

  private func snapshots(_ qmp: QMP) async throws(HostError) -> [Snapshot] {
    var found: [Snapshot] = []
    for device in try await qmp.execute("query-block").array ?? [] {
      for entry in device["inserted"]?["image"]?["snapshots"]?.array ?? [] {
        guard let name = entry["name"]?.string, let date = entry["date-sec"]?.integer,
          let size = entry["vm-state-size"]?.integer, size > 0
        else { continue }
        found.append(Snapshot(name: name, date: date, size: size))
      }
    }
    return found.sorted { $0.date < $1.date }
  }

  /// The block nodes that are saved, of a machine that has the snapshot.
  private func nodes(with snapshot: String) async throws(HostError) -> [String] {
    try await connected { qmp async throws(HostError) in
      let known = try await snapshots(qmp).map(\.name)
      guard known.contains(snapshot) else {
        throw HostError(
          .missing, "the machine \(name) has no snapshot \(snapshot)",
          hint: known.isEmpty ? "it has none" : "it has: \(known.joined(separator: ", "))")
      }
      return try await disks(qmp)
    }
  }

  /// QEMU takes any name, but takes a number for the snapshot's id, too.
  private static func validate(snapshot name: String) throws(HostError) {
    func isPlain(_ byte: UInt8) -> Bool {
      (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
        || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")) || "-_.".utf8.contains(byte)
    }
    guard !name.isEmpty, name.utf8.count <= 64, name.utf8.allSatisfy(isPlain), Int(name) == nil else {
      throw HostError(
        .invalid,
        "\"\(name)\" cannot be a snapshot's name: letters, digits, \"-\", \"_\" and \".\", not a number alone, 64 at most"
      )
    }
  }
}

extension QMP {
  /// Runs a command that is a job (QEMU's QMP reference, "Background jobs"), and waits for its end.
  /// - Throws: `command` with QEMU's words when the command is refused or the job fails.
  func runJob(_ command: String, _ arguments: [String: JSONValue]) async throws(HostError) {
    let id = "kdevlua-\(UInt64.random(in: 0...(.max)))"
    var arguments = arguments
    arguments["job-id"] = .string(id)
    try await execute(command, arguments)
    while true {
      let jobs = try await execute("query-jobs").array ?? []
      guard let job = jobs.first(where: { $0["id"]?.string == id }) else { return }
      if job["status"]?.string == "concluded" {
        try await execute("job-dismiss", ["id": .string(id)])
        if let trouble = job["error"]?.string {
          throw HostError(.command, "QEMU could not finish \(command): \(trouble)")
        }
        return
      }
      try await pause(.milliseconds(5))
    }
  }
}

extension LocalHost {
  /// - Throws: `invalid` for a machine that QEMU cannot save.
  static func checkIsSaved(_ spec: MachineSpec) throws(HostError) {
    if let drive = spec.drives.first(where: { $0.interface == .nvme }) {
      throw HostError(
        .invalid, "a machine with an NVMe disk cannot be saved, and \(drive.path) is one",
        hint: "use \"virtio\" or \"scsi\"")
    }
    guard let share = spec.shares.first(where: { $0.driver == .virtiofs }) else { return }
    throw HostError(
      .invalid, "a machine with a share by virtiofs cannot be saved, and \(share.tag) is one", hint: "share it by 9p")
  }
}
