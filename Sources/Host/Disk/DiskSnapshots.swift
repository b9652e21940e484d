extension DiskDetails {
  /// The snapshot of that name.
  /// - Throws: `missing`, with the names that there are.
  func snapshot(_ name: String) throws(HostError) -> DiskSnapshot {
    if let found = snapshots.first(where: { $0.name == name }) { return found }
    let names = snapshots.map(\.name).joined(separator: ", ")
    throw HostError(
      .missing, "\(disk.path) has no snapshot \"\(name)\"",
      hint: names.isEmpty ? "it has none at all; disk:snapshot makes one" : "it has: \(names)")
  }
}

extension LocalHost {
  /// Keeps what an image holds now, inside the image: `qemu-img snapshot -c`.
  /// - Throws: `invalid` for a format without snapshots, or for a name of digits alone, which qemu-img takes for a number;
  ///   `busy` when there is one of that name, or a machine runs on the image; `command`, such as no space.
  public func makeSnapshot(_ name: String, of disk: Disk) async throws(HostError) {
    guard !name.isEmpty, name.utf8.count <= 255, !name.allSatisfy(\.isNumber) else {
      throw HostError(
        .invalid, "\"\(name)\" cannot be a snapshot's name: a text that is not a number, 255 bytes at most")
    }
    try await changeSnapshot("-c", name, of: disk, "snapshot") { details throws(HostError) in
      guard !details.snapshots.contains(where: { $0.name == name }) else {
        throw HostError(
          .busy, "\(disk.path) has a snapshot \"\(name)\" already", hint: "delete it, or choose another name")
      }
    }
  }

  /// Makes an image what it was at a snapshot: `qemu-img snapshot -a`. What it holds now is lost.
  /// - Parameter force: although overlays stand on the image.
  /// - Throws: `missing` when there is no such snapshot; `busy`; `conflict` when overlays stand on it; `command`.
  public func applySnapshot(_ name: String, of disk: Disk, force: Bool = false) async throws(HostError) {
    try await changeSnapshot("-a", name, of: disk, "restore") { details throws(HostError) in
      _ = try details.snapshot(name)
      try self.requireNoOverlays(of: disk.path, force: force, to: "restore")
    }
  }

  /// Forgets a snapshot: `qemu-img snapshot -d`.
  /// - Throws: `missing`, `busy`, `command`.
  public func deleteSnapshot(_ name: String, of disk: Disk) async throws(HostError) {
    try await changeSnapshot("-d", name, of: disk, "delete snapshot of") { details throws(HostError) in
      _ = try details.snapshot(name)
    }
  }

  private func changeSnapshot(
    _ option: String, _ name: String, of disk: Disk, _ label: String,
    _ allow: (DiskDetails) throws(HostError) -> Void
  ) async throws(HostError) {
    guard disk.format == .qcow2 else {
      throw HostError(
        .invalid, "\(disk.path) is a \(disk.format.rawValue) image, and only qcow2 images keep snapshots",
        hint: "disk:convert { path = ..., format = \"qcow2\" }")
    }
    try await step("\(label) \(Files.name(of: disk.path))") { step async throws(HostError) in
      if !isDryRun || Files.exists(disk.path) {
        let details = try await details(of: disk.path, format: disk.format)
        try requireUnused(disk.path)
        try allow(details)
      }
      try await require(
        .change("qemu-img", "snapshot", option, name, disk.path), to: "change the snapshots of \(disk.path)")
      step.detail(name)
    }
  }
}
