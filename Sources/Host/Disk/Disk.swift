/// A disk image.
public struct Disk: Sendable, Equatable {
  /// The formats of images that QEMU reads and writes; kdevlua makes the first two.
  public enum Format: String, Sendable, CaseIterable { case qcow2, raw, vmdk, vdi, vhdx, vpc }
  /// The image's path, absolute.
  public let path: String
  public let format: Format
  public let size: ByteSize
  /// The image below it, absolute.
  public let backing: String?
  /// The format of the image below it, as this one says it; nil for an old one that does not say.
  public internal(set) var backingFormat: Format?
}

extension LocalHost {
  /// Makes an empty disk image, as in the document: `qemu-img create -f qcow2 my_vm_disk.qcow2 128G`; takes over one that
  /// is there as wanted.
  /// - Parameters:
  ///   - path: where; its folder has to exist, unless it is in kdevlua's own.
  ///   - size: what the guest sees. A qcow2 image takes only the room that is written.
  /// - Throws: `conflict` when another image is there, with both sizes and formats; `busy` when a program has it open;
  ///   `command` with qemu-img's own words, such as no space.
  public func makeDisk(
    _ path: String, size: ByteSize, format: Disk.Format = .qcow2, in transaction: Transaction
  ) async throws(HostError) -> Disk {
    let path = Files.absolute(path)
    let wanted = Disk(path: path, format: format, size: size, backing: nil)
    return try await step("disk \(Files.name(of: path))") { step async throws(HostError) in
      try await make(wanted, step, ["-f", format.rawValue, path, size.text], in: transaction)
    }
  }

  /// Makes a differential copy, as in the document: `qemu-img create -f qcow2 -b BASE -F FORMAT COPY`; takes over one that
  /// is there with the same backing file. (The document leaves `-F` out, which qemu-img 6.1 and later refuse.)
  /// - Parameters:
  ///   - backing: the image below. It must not be written to any more.
  ///   - size: what the guest sees; nil is the size of the image below.
  ///   - relative: write down the way from the overlay's folder to the backing file, so that both can be moved together.
  /// - Throws: as `makeDisk`; `missing` when there is no such backing file.
  public func makeOverlay(
    _ path: String, backing: Disk, size: ByteSize? = nil, relative: Bool = false, in transaction: Transaction
  ) async throws(HostError) -> Disk {
    let path = Files.absolute(path)
    guard isDryRun || Files.exists(backing.path) else {
      throw HostError(.missing, "the backing file \(backing.path) does not exist")
    }
    guard Files.resolve(path) == nil || Files.resolve(path) != Files.resolve(backing.path) else {
      throw HostError(.invalid, "\(path) cannot be an overlay of itself")
    }
    let wanted = Disk(
      path: path, format: .qcow2, size: size ?? backing.size, backing: backing.path, backingFormat: backing.format)
    let stored = relative ? Self.relative(backing.path, to: Files.folder(of: path)) : backing.path
    return try await step("overlay \(Files.name(of: path))") { step async throws(HostError) in
      try await make(
        wanted, step,
        ["-f", "qcow2", "-b", stored, "-F", backing.format.rawValue, path] + (size.map { [$0.text] } ?? []),
        in: transaction)
    }
  }

  /// Makes a disk that is gone with its scope: in the journal until it is removed.
  /// - Parameters:
  ///   - size: needed without a backing file.
  ///   - folder: where; nil is kdevlua's own folder of disks.
  public func makeTemporaryDisk(
    size: ByteSize?, format: Disk.Format, backing: Disk?, in folder: String?, in transaction: Transaction
  ) async throws(HostError) -> (disk: Disk, file: TemporaryFile) {
    guard let size = size ?? backing?.size else {
      throw HostError(.invalid, "a temporary disk needs a size or a backing file")
    }
    guard backing == nil || format == .qcow2 else {
      throw HostError(.invalid, "a \(format.rawValue) image has no backing file; a qcow2 image can have one")
    }
    if folder == nil { try makeStateFolder(state.disks) }
    let path = try newTemporaryPath(in: folder ?? state.disks)
    let disk = Disk(
      path: path, format: format, size: size, backing: backing?.path, backingFormat: backing?.format)
    return try await step("temporary disk") { step async throws(HostError) in
      let entry = isDryRun ? nil : try transaction.record(.temporary(path: path))
      let below = backing.map { ["-b", $0.path, "-F", $0.format.rawValue] } ?? []
      try await create(["-f", format.rawValue] + below + [path, size.text], path, entry, transaction)
      step.detail(disk.text)
      return (disk, TemporaryFile(path: path, entry: entry, content: []))
    }
  }

  private func make(
    _ wanted: Disk, _ step: Step, _ arguments: [String], in transaction: Transaction
  ) async throws(HostError) -> Disk {
    if Files.exists(wanted.path) {
      let found = try await disk(at: wanted.path, inUse: true)
      guard found.isSame(as: wanted) else {
        throw HostError(
          .conflict, "\(wanted.path) is there already and differs: it is \(found.text), wanted is \(wanted.text)",
          hint: "ask for what is there, choose another path, or remove it")
      }
      step.adopted(found.text)
      return found
    }
    try requireFolder(of: wanted.path)
    let entry = isDryRun ? nil : try transaction.record(.disk(path: wanted.path))
    try await create(arguments, wanted.path, entry, transaction)
    step.detail(wanted.text)
    return wanted
  }

  private func create(
    _ arguments: [String], _ path: String, _ entry: JournalEntry?, _ transaction: Transaction
  ) async throws(HostError) {
    do {
      try await require(.change(["qemu-img", "create"] + arguments), to: "make the disk \(path)")
    } catch {
      if let entry {
        try Files.remove(path)
        try transaction.strike(entry)
      }
      throw error
    }
  }

  /// The folder of a new image; one of kdevlua's own is made.
  func requireFolder(of path: String) throws(HostError) {
    let folder = Files.folder(of: path)
    guard !Files.isFolder(folder) else { return }
    guard folder.hasPrefix(state.root + "/") else {
      throw HostError(.missing, "there is no folder \(folder)", hint: "mkdir -p \(ShellText.quote(folder))")
    }
    try makeStateFolder(folder)
  }

  /// The way from a folder to a file, as qemu-img stores it. Links are resolved first, as `..` means another folder behind
  /// one; `./` keeps a colon in a name from being taken for a protocol.
  static func relative(_ path: String, to folder: String) -> String {
    func parts(_ path: String) -> [Substring] { (Files.resolve(path) ?? path).split(separator: "/") }
    let (target, from) = (parts(path), parts(folder))
    let common = zip(target, from).prefix { $0 == $1 }.count
    let up = Array(repeating: "..", count: from.count - common)
    return (up.isEmpty ? ["."] : up).joined(separator: "/") + "/" + target[common...].joined(separator: "/")
  }
}

extension Disk {
  /// Format, size and backing file, for people.
  public var text: String {
    "\(format.rawValue), \(size.text)" + (backing.map { ", over \($0)" } ?? "")
      + (backingFormat.map { $0 == .qcow2 ? "" : " (\($0.rawValue))" } ?? "")
  }

  fileprivate func isSame(as other: Disk) -> Bool {
    format == other.format && size == other.size && backing.map(Self.canonical) == other.backing.map(Self.canonical)
      && (backing == nil || backingFormat == other.backingFormat)
  }

  static func canonical(_ path: String) -> String { Files.resolve(path) ?? path }
}
