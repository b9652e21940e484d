extension LocalHost {
  /// Writes what an overlay holds into its backing file: `qemu-img commit`.
  /// - Parameters:
  ///   - keep: leave the overlay as it is; else it is emptied, when it holds no snapshots.
  ///   - inPlace: write the backing file itself, and no copy of it that then takes its place. Takes less room and time; when
  ///     it fails, the backing file is neither old nor new, and the overlay still is what it was.
  ///   - force: although other overlays stand on the same backing file, and are of no use after.
  /// - Throws: `invalid` without a backing file; `missing` when it is not there; `busy` when a machine runs on one of the
  ///   two; `conflict` when other overlays stand on it; `command`, such as no space.
  public func commit(
    _ disk: Disk, keep: Bool = false, inPlace: Bool = false, force: Bool = false, in transaction: Transaction
  ) async throws(HostError) {
    try await step("commit \(Files.name(of: disk.path))") { step async throws(HostError) in
      if isDryRun, !Files.exists(disk.path) {
        try await require(.change(["qemu-img", "commit", "-f", disk.format.rawValue, disk.path]), to: "commit")
        return
      }
      let chain = try await chain(of: disk.path, format: disk.format, inUse: true)
      let overlay = chain[0]
      guard chain.count > 1 else {
        throw HostError(.invalid, "\(disk.path) has no backing file to commit to")
      }
      let base = chain[1].disk
      for path in [disk.path, base.path] { try requireUnused(path) }
      try requireNoOverlays(of: disk.path, force: force, to: "commit")
      try requireNoOverlays(of: base.path, except: disk.path, force: force, to: "commit to")
      if inPlace {
        try await requireShowing(
          .change("qemu-img", "commit", "-p", "-d", "-f", disk.format.rawValue, disk.path), step,
          to: "commit the disk \(disk.path)")
      } else {
        try await replacing(base.path, in: transaction) { copy async throws(HostError) in
          try await self.requireShowing(
            .change(
              "qemu-img", "commit", "-p", "-d", "-f", disk.format.rawValue,
              Self.image(disk, over: Disk(path: copy, format: base.format, size: base.size, backing: base.backing))),
            step, to: "commit the disk \(disk.path)")
        }
      }
      if !keep { try await empty(overlay, in: transaction) }
      step.detail("into \(base.path)")
    }
  }

  /// An overlay as if it had another backing file, as QEMU's block drivers are described (`json:`, qemu-img(1)).
  private static func image(_ overlay: Disk, over base: Disk) -> String {
    func driver(_ disk: Disk) -> [String: JSONValue] {
      [
        "driver": .string(disk.format.rawValue),
        "file": .object(["driver": .string("file"), "filename": .string(disk.path)]),
      ]
    }
    var top = driver(overlay)
    top["backing"] = .object(driver(base))
    return "json:" + JSONValue.object(top).text
  }

  /// Makes an overlay anew, without anything in it.
  private func empty(_ overlay: DiskDetails, in transaction: Transaction) async throws(HostError) {
    let disk = overlay.disk
    guard overlay.snapshots.isEmpty, let stored = overlay.storedBacking, let backing = disk.backing else {
      if !overlay.snapshots.isEmpty { note("\(disk.path) is not emptied, as it holds snapshots") }
      return
    }
    let format = try await self.disk(at: backing, format: disk.backingFormat).format
    try await withPartial(of: disk.path, in: transaction) { partial async throws(HostError) in
      try await self.require(
        .change(
          "qemu-img", "create", "-q", "-f", "qcow2", "-b", stored, "-F", format.rawValue, partial, disk.size.text),
        to: "empty the disk \(disk.path)")
      if !self.isDryRun { try Files.setMode(try Files.status(of: disk.path).mode, of: partial) }
    }
  }

  /// Puts an image onto another backing file, or onto none: `qemu-img rebase`.
  ///
  /// The safe way copies what differs between the old and the new one, so that the guest sees what it saw. Until its end the
  /// image is what it was.
  /// - Parameters:
  ///   - backing: nil takes all that is below into the image itself.
  ///   - unsafe: change only the name, for a backing file that was moved. Nothing looks whether it holds the same.
  ///   - relative: write down the way from the image's folder.
  ///   - force: although overlays stand on the image.
  /// - Returns: the disk as it is then.
  /// - Throws: `invalid` for a backing file that stands on the image itself, or for a raw image; `missing`; `busy`; `command`.
  public func rebase(
    _ disk: Disk, onto backing: Disk?, unsafe: Bool = false, relative: Bool = false, force: Bool = false
  ) async throws(HostError) -> Disk {
    let after = Disk(
      path: disk.path, format: disk.format, size: disk.size, backing: backing?.path, backingFormat: backing?.format)
    let stored = backing.map { relative ? Self.relative($0.path, to: Files.folder(of: disk.path)) : $0.path } ?? ""
    guard disk.format == .qcow2 else {
      throw HostError(.invalid, "\(disk.path) is a \(disk.format.rawValue) image, which has no backing file")
    }
    // Always with the format: without it qemu-img fails only after it has copied everything.
    let command = Command.change(
      ["qemu-img", "rebase"] + (unsafe ? ["-u"] : ["-p"]) + ["-f", "qcow2", "-b", stored]
        + (backing.map { ["-F", $0.format.rawValue] } ?? []) + [disk.path])
    return try await step("rebase \(Files.name(of: disk.path))") { step async throws(HostError) in
      if isDryRun, !Files.exists(disk.path) {
        try await requireShowing(command, step, to: "rebase the disk \(disk.path)")
        return after
      }
      if let backing {
        let below = try await chain(of: backing.path, format: backing.format)
        guard !below.contains(where: { Disk.canonical($0.disk.path) == Disk.canonical(disk.path) }) else {
          throw HostError(.invalid, "\(backing.path) stands on \(disk.path), so it cannot be below it")
        }
      }
      if unsafe {
        _ = try await self.disk(at: disk.path, format: disk.format, inUse: true)
      } else {
        _ = try await chain(of: disk.path, format: disk.format)
      }
      try requireUnused(disk.path)
      if unsafe { try requireNoOverlays(of: disk.path, force: force, to: "rebase") }
      do throws(HostError) {
        try await requireShowing(command, step, to: "rebase the disk \(disk.path)")
      } catch {
        if !unsafe {
          // What was copied stands in the image already and is right; what was about to be is room that nothing refers to.
          _ = try? await uncancelled { () async throws(HostError) in
            try await self.run(.change("qemu-img", "check", "-q", "-f", "qcow2", "-r", "leaks", disk.path))
          }
        }
        throw error
      }
      step.detail(after.text)
      return after
    }
  }

  /// Makes an image larger, or smaller when that is asked for: `qemu-img resize`.
  /// - Parameters:
  ///   - shrink: lets it become smaller. What is behind the new end is lost.
  ///   - force: although overlays stand on it.
  /// - Returns: the disk as it is then.
  /// - Throws: `invalid` for a smaller size without `shrink`, with both sizes; `busy`; `conflict` when overlays stand on it;
  ///   `command`.
  public func resize(
    _ disk: Disk, to size: ByteSize, shrink: Bool = false, force: Bool = false, in transaction: Transaction
  ) async throws(HostError) -> Disk {
    let after = Disk(
      path: disk.path, format: disk.format, size: size, backing: disk.backing, backingFormat: disk.backingFormat)
    return try await step("resize \(Files.name(of: disk.path))") { step async throws(HostError) in
      var found = disk
      if !isDryRun || Files.exists(disk.path) {
        found = try await self.disk(at: disk.path, format: disk.format, inUse: true)
        if found.size == size {
          step.adopted(found.text)
          return found
        }
        try requireUnused(disk.path)
        try requireNoOverlays(of: disk.path, force: force, to: "resize")
      }
      if size.bytes >= found.size.bytes {
        try await require(
          .change("qemu-img", "resize", "-q", "-f", disk.format.rawValue, disk.path, size.text),
          to: "resize the disk \(disk.path)")
      } else {
        guard shrink else {
          throw HostError(
            .invalid, "\(disk.path) has \(found.size.text), and \(size.text) would cut off its end",
            hint: "shrink the file systems in it first, then say shrink = true")
        }
        _ = try await replacing(disk.path, in: transaction) { copy async throws(HostError) in
          try await self.require(
            .change("qemu-img", "resize", "-q", "--shrink", "-f", disk.format.rawValue, copy, size.text),
            to: "shrink the disk \(disk.path)")
        }
      }
      step.detail(after.text)
      return after
    }
  }
}
