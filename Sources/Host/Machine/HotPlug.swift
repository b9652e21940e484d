import Glibc

/// A device that was added to a running machine.
public struct PluggedDevice: Sendable, Equatable, Codable {
  /// QEMU's name of the device and of what is behind it.
  public var id: String
  public var drive: Drive?
  public var card: NetworkCard?

  /// For people; those that are as good as each other have the same.
  var text: String { drive?.text ?? card?.text ?? "" }
}

extension Machine {
  /// Adds a disk to the running machine (`blockdev-add`, `device_add`); one that was added as wanted is taken over.
  /// - Returns: the name that `unplug` takes.
  /// - Throws: `invalid` for IDE, which has no hot-plug; `busy` when another program has the image open; `command` with
  ///   QEMU's words.
  public func plug(_ drive: Drive) async throws(HostError) -> String {
    guard drive.interface != .ide else {
      throw HostError(
        .invalid, "an IDE disk cannot be added to a running machine", hint: "use \"virtio\", \"scsi\" or \"nvme\"")
    }
    return try await plug(PluggedDevice(id: "", drive: drive)) { device, qmp async throws(HostError) in
      if drive.interface == .scsi { try await Self.makeController(qmp) }
      do throws(HostError) {
        var node = try await image(drive, qmp)
        node["node-name"] = .string(device.id)
        try await qmp.execute("blockdev-add", node)
      } catch {
        guard host.isLockComplaint(error.message) else { throw error }
        throw HostError(
          .busy, "the disk \(drive.path) is in use by another program",
          hint: "stop what runs on it (kdevlua ps), or choose another disk", detail: error.message)
      }
      do throws(HostError) { try await qmp.execute("device_add", Self.device(drive, device.id)) } catch {
        _ = try? await qmp.execute("blockdev-del", ["node-name": .string(device.id)])
        throw error
      }
    }
  }

  /// Adds a network card to the running machine (`netdev_add`, `device_add`); one that was added as wanted is taken over.
  /// - Returns: the name that `unplug` takes.
  /// - Throws: `command` with QEMU's words.
  public func plug(_ card: NetworkCard) async throws(HostError) -> String {
    try await plug(PluggedDevice(id: "", card: card)) { device, qmp async throws(HostError) in
      if case .passt(let port, let forwards) = card.network {
        try await host.startPasst(folder.passt(device.id), sshPort: port, forwards ?? [], for: name)
      }
      try await qmp.execute("netdev_add", Self.backend(card.network, device.id, folder))
      let address = card.address ?? QEMUOption.mac(of: "\(name)/\(device.id)")
      do throws(HostError) {
        var options: [String: JSONValue] = [
          "driver": .string(card.model), "id": .string(device.id), "netdev": .string(device.id),
          "mac": .string(address), "romfile": .string(""),
        ]
        if let mtu = card.hostMTU { options["host_mtu"] = .integer(mtu) }
        try await qmp.execute("device_add", options)
      } catch {
        _ = try? await qmp.execute("netdev_del", ["id": .string(device.id)])
        throw error
      }
    }
  }

  /// Takes a device away that was added. The guest has to let go of it.
  /// - Throws: `invalid` for a name that `plug` did not give; `timeout` when the guest does not let go; `command`.
  public func unplug(_ id: String, within limit: Duration = .seconds(30)) async throws(HostError) {
    try await host.step("unplug \(id) from \(name)") { step async throws(HostError) in
      let devices = try plugged()
      guard let device = devices.first(where: { $0.id == id }) else {
        let ids = devices.map(\.id).joined(separator: ", ")
        throw HostError(
          .invalid, "no device \(id) was added to the machine \(name)", hint: ids.isEmpty ? nil : "there are: \(ids)")
      }
      if host.plans("device_del \(id)  # QMP, to \(name)") { return }
      let events = try events(["DEVICE_DELETED"])
      try await connected { qmp async throws(HostError) in
        _ = try await qmp.execute("device_del", ["id": .string(id)])
      }
      // Others get their turn at QEMU meanwhile.
      try await withTimeLimit(limit, "the guest of \(name) did not let go of \(id)") { () async throws(HostError) in
        while let event = try await events.next(within: nil) { if event.data["device"]?.string == id { return } }
      }
      try await connected { qmp async throws(HostError) in
        if device.drive != nil { try await qmp.execute("blockdev-del", ["node-name": .string(id)]) }
        if device.card != nil { try await qmp.execute("netdev_del", ["id": .string(id)]) }
      }
      try note { $0.removeAll { $0.id == id } }
      step.detail(device.text)
    }
  }

  private func plug(
    _ wanted: PluggedDevice, _ add: @Sendable (PluggedDevice, QMP) async throws(HostError) -> Void
  ) async throws(HostError) -> String {
    let text = wanted.text
    // Its kernel looks for devices without ACPI (pci=noacpi), and so hears of none that comes later.
    guard record.spec.profile != .fast else {
      throw HostError(
        .invalid, "the guest of \(name) would not see \(text): devices cannot be added in the profile \"fast\"",
        hint: "launch it with profile = \"document\"")
    }
    return try await host.step("plug \(text) into \(name)") { step async throws(HostError) in
      // Who looks for a free name keeps it from others until it is written down.
      let lock = host.isDryRun ? nil : try await FileLock.acquire(folder.path + "/plug.lock")
      defer { withExtendedLifetime(lock) {} }
      let devices = try plugged()
      if let same = devices.first(where: { $0.text == text }) {
        step.adopted(same.id)
        return same.id
      }
      var device = wanted
      device.id = (0...).lazy.map { "plug\($0)" }.first { id in !devices.contains { $0.id == id } } ?? "plug"
      if host.plans("device_add \(device.id)  # QMP, to \(name)") { return device.id }
      try await connected(handsFiles: device.drive != nil) { [device] qmp async throws(HostError) in
        try await add(device, qmp)
      }
      try note { [device] in $0.append(device) }
      step.detail(device.id)
      return device.id
    }
  }

  /// What was added, by any kdevlua.
  private func plugged() throws(HostError) -> [PluggedDevice] { try host.machine(name)?.record.plugged ?? [] }

  private func note(_ change: (inout [PluggedDevice]) -> Void) throws(HostError) {
    try host.update(name) { record in
      var devices = record.plugged ?? []
      change(&devices)
      record.plugged = devices
    }
  }

  // MARK: - What QMP is told

  /// The SCSI controller, when the machine has none yet.
  private static func makeController(_ qmp: QMP) async throws(HostError) {
    let there = try await qmp.execute("qom-list", ["path": .string("/machine/peripheral")]).array ?? []
    if there.contains(where: { $0["name"]?.string == "scsi" }) { return }
    try await qmp.execute("device_add", ["driver": .string("virtio-scsi-pci"), "id": .string("scsi")])
  }

  /// An image as `blockdev-add` takes it. A QEMU that has given root away is handed its file, and those of all below it.
  private func image(_ drive: Drive, _ qmp: QMP) async throws(HostError) -> [String: JSONValue] {
    guard hasGivenRootAway else { return Self.image(drive, file: drive.path) }
    var image: [String: JSONValue] = [:]
    let chain = try await host.chain(of: drive.path, format: Disk.Format(rawValue: drive.format), inUse: false)
    for (place, details) in chain.enumerated().reversed() {
      let below = image
      var own = drive
      if place > 0 { (own.format, own.readOnly) = (details.disk.format.rawValue, true) }
      let file = try await qmp.give(details.disk.path, own.readOnly ? O_RDONLY : O_RDWR)
      image = Self.image(own, file: file)
      if !below.isEmpty { image["backing"] = .object(below) }
    }
    return image
  }

  /// Whether QEMU runs as somebody else than this program, so that it may not open what this one may.
  private var hasGivenRootAway: Bool {
    var status = stat()
    guard let process = host.qemu(in: folder.path), stat("/proc/\(process.id)", &status) == 0 else { return false }
    return status.st_uid != geteuid()
  }

  /// An image as `blockdev-add` takes it. How the cache modes come out: qemu-system-x86_64(1), `-blockdev`.
  private static func image(_ drive: Drive, file name: String) -> [String: JSONValue] {
    let isDirect = drive.cache == Drive.Cache.none || drive.cache == .directsync
    let file: [String: JSONValue] = [
      "driver": .string("file"), "filename": .string(name), "discard": .string(drive.discard ? "unmap" : "ignore"),
      "cache": .object(["direct": .bool(isDirect), "no-flush": .bool(drive.cache == .unsafe)]),
    ]
    return [
      "driver": .string(drive.format), "read-only": .bool(drive.readOnly),
      "discard": .string(drive.discard ? "unmap" : "ignore"), "file": .object(file),
    ]
  }

  private static func device(_ drive: Drive, _ id: String) -> [String: JSONValue] {
    var device: [String: JSONValue] = ["id": .string(id), "drive": .string(id)]
    if let serial = drive.serial { device["serial"] = .string(serial) }
    if drive.cache == .writethrough || drive.cache == .directsync { device["write-cache"] = .string("off") }
    switch drive.interface {
    case .virtio: device["driver"] = .string("virtio-blk-pci")
    case .scsi:
      device["driver"] = .string("scsi-hd")
      device["bus"] = .string("scsi.0")
    case .nvme:
      device["driver"] = .string("nvme")
      device["serial"] = .string(drive.serial ?? id)
    case .ide: device["driver"] = .string("ide-hd")
    }
    return device
  }

  private static func backend(
    _ network: NetworkCard.Network, _ id: String, _ folder: MachineFolder
  ) -> [String: JSONValue] {
    switch network {
    case .tap(let name, let vhost, let queues, _):
      [
        "type": .string("tap"), "id": .string(id), "ifname": .string(name), "script": .string("no"),
        "downscript": .string("no"), "vhost": .bool(vhost), "queues": .integer(queues ?? 1),
      ]
    case .user(let port, let forwards):
      [
        "type": .string("user"), "id": .string(id),
        "hostfwd": .array(
          (["tcp:127.0.0.1:\(port)-:22"] + (forwards ?? []).map(\.rule)).map { .object(["str": .string($0)]) }),
      ]
    case .passt:
      [
        "type": .string("stream"), "id": .string(id), "server": .bool(false),
        "addr": .object(["type": .string("unix"), "path": .string(folder.passt(id))]),
      ]
    case .link(let end):
      [
        "type": .string("dgram"), "id": .string(id),
        "local": .object(["type": .string("unix"), "path": .string(end.own)]),
        "remote": .object(["type": .string("unix"), "path": .string(end.peer)]),
      ]
    case .unplugged: ["type": .string("hubport"), "id": .string(id), "hubid": .integer(0)]
    }
  }
}
