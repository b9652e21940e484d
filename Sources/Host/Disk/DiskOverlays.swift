import Glibc

extension LocalHost {
  /// The overlays of an image that are known: disks that kdevlua made, those of its machines, and what lies in the folder of the
  /// image. There may be others.
  func overlays(of path: String) throws(HostError) -> [String] {
    let base = Disk.canonical(path)
    var candidates: Set<String> = []
    for entry in try journal.entries() {
      if case .disk(let path) = entry.resource { candidates.insert(path) }
    }
    for machine in (try? machines()) ?? [] { candidates.formUnion(machine.record.spec.drives.map(\.path)) }
    for folder in [state.disks, Files.folder(of: base)] {
      candidates.formUnion(((try? Files.list(folder)) ?? []).map { folder + "/" + $0 })
    }
    let found = candidates.compactMap { candidate -> String? in
      guard let backing = QCOW2Header.backing(of: candidate), Disk.canonical(backing) == base else { return nil }
      return Disk.canonical(candidate)
    }
    return Set(found).subtracting([base]).sorted()
  }

  /// Refuses to change what overlays stand on: they keep only what differs from it, so with another base they are another
  /// disk, and nothing tells.
  /// - Parameters:
  ///   - except: an overlay that the change is made for.
  ///   - force: say it and go on.
  /// - Throws: `conflict`, with the overlays.
  func requireNoOverlays(of path: String, except: String? = nil, force: Bool, to purpose: String) throws(HostError) {
    let others = try overlays(of: path).filter { $0 != except.map(Disk.canonical) }
    guard !others.isEmpty else { return }
    let names = others.joined(separator: ", ")
    guard force else {
      throw HostError(
        .conflict, "to \(purpose) \(path) would make these overlays of it useless: \(names)",
        hint: "remove or flatten them first (disk:rebase without a backing file), or say force = true")
    }
    warn("these overlays of \(path) are of no use any more: \(names)")
  }
}

/// The head of a qcow2 image (QEMU's docs/interop/qcow2.txt), read without a program, since a folder may hold many.
enum QCOW2Header {
  /// The backing file of an image, by the image's folder when it is a relative path; nil for one without, and for what is no
  /// qcow2 image.
  static func backing(of path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var head = [UInt8](repeating: 0, count: 20)
    guard pread(descriptor, &head, head.count, 0) == head.count, head[..<4] == [0x51, 0x46, 0x49, 0xfb] else {
      return nil
    }
    // Big-endian: the place of the name at 8, its length at 16; 1023 bytes at most.
    let place = head[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let length = head[16..<20].reduce(0) { $0 << 8 | Int($1) }
    guard place > 0, let place = off_t(exactly: place), (1...1023).contains(length) else { return nil }
    var name = [UInt8](repeating: 0, count: length)
    guard pread(descriptor, &name, length, place) == length else { return nil }
    let text = String(decoding: name, as: UTF8.self)
    return text.hasPrefix("/") ? text : Files.folder(of: Disk.canonical(path)) + "/" + text
  }
}
