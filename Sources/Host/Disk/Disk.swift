import FoundationEssentials

/// A disk image.
public struct Disk: Sendable, Equatable {
  public enum Format: String, Sendable, CaseIterable { case qcow2, raw }
  /// The image's path, absolute.
  public let path: String
  public let format: Format
  public let size: ByteSize
  /// The image below it, absolute.
  public let backing: String?
}

/// What `qemu-img info --output json` tells of an image (qemu-img(1)).
struct DiskInfo: Decodable {
  var format: String
  var virtualSize: Int
  var backing: String?
  var fullBacking: String?

  private enum CodingKeys: String, CodingKey {
    case format
    case virtualSize = "virtual-size"
    case backing = "backing-filename"
    case fullBacking = "full-backing-filename"
  }
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
  /// - Throws: as `makeDisk`; `missing` when there is no such backing file.
  public func makeOverlay(
    _ path: String, backing: Disk, in transaction: Transaction
  ) async throws(HostError) -> Disk {
    let path = Files.absolute(path)
    guard isDryRun || Files.exists(backing.path) else {
      throw HostError(.missing, "the backing file \(backing.path) does not exist")
    }
    let wanted = Disk(path: path, format: .qcow2, size: backing.size, backing: backing.path)
    return try await step("overlay \(Files.name(of: path))") { step async throws(HostError) in
      try await make(
        wanted, step, ["-f", "qcow2", "-b", backing.path, "-F", backing.format.rawValue, path], in: transaction)
    }
  }

  /// What an image is.
  /// - Parameters:
  ///   - inUse: look at it even while a QEMU has it open.
  /// - Throws: `missing`; `busy` when a program has it open; `command` when it is no image.
  public func disk(at path: String, inUse: Bool = false) async throws(HostError) -> Disk {
    let path = Files.absolute(path)
    guard Files.exists(path) else { throw HostError(.missing, "there is no disk image \(path)") }
    let command = Command.query(["qemu-img", "info", "--output", "json"] + (inUse ? ["-U"] : []) + [path])
    let result = try await run(command)
    guard result.succeeded else {
      if isLockComplaint(result.errorText) {
        throw HostError(
          .busy, "the disk \(path) is in use by \(try user(of: path) ?? "another program")",
          hint: "stop that machine first (kdevlua ps), or choose another disk", detail: result.errorText)
      }
      throw failure(of: command, result, to: "look at the disk \(path)")
    }
    do {
      let info = try JSONDecoder().decode(DiskInfo.self, from: Data(result.output))
      guard let format = Disk.Format(rawValue: info.format) else {
        throw HostError(.conflict, "\(path) is a \(info.format) image", hint: "convert it: qemu-img convert -O qcow2")
      }
      return Disk(
        path: path, format: format, size: ByteSize(bytes: info.virtualSize),
        backing: (info.fullBacking ?? info.backing).map { Files.resolve($0) ?? $0 })
    } catch let error as HostError {
      throw error
    } catch {
      throw HostError(.system, "cannot read what qemu-img prints of \(path): \(error)")
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
    let folder = Files.folder(of: wanted.path)
    if !Files.isFolder(folder) {
      guard folder.hasPrefix(state.root + "/") else {
        throw HostError(.missing, "there is no folder \(folder)", hint: "mkdir -p \(ShellText.quote(folder))")
      }
      try makeStateFolder(folder)
    }
    let entry = isDryRun ? nil : try transaction.record(.disk(path: wanted.path))
    do {
      try await require(.change(["qemu-img", "create"] + arguments), to: "make the disk \(wanted.path)")
    } catch {
      if let entry {
        try Files.remove(wanted.path)
        try transaction.strike(entry)
      }
      throw error
    }
    step.detail(wanted.text)
    return wanted
  }

  /// The machine of ours that runs on an image, as a phrase.
  private func user(of path: String) throws(HostError) -> String? {
    for process in Processes.all() where process.arguments.first?.contains("qemu") == true {
      let option = "file=" + QEMUOption.escape(path)
      guard process.arguments.contains(where: { $0 == option || $0.contains(option + ",") }) else { continue }
      let name = process.arguments.firstIndex(of: "-name").map { process.arguments[$0 + 1] }
      return name.map { "the machine \($0) (process \(process.id))" } ?? "the QEMU of process \(process.id)"
    }
    return nil
  }
}

extension Disk {
  /// Format, size and backing file, for people.
  public var text: String {
    "\(format.rawValue), \(size.text)" + (backing.map { ", over \($0)" } ?? "")
  }

  fileprivate func isSame(as other: Disk) -> Bool {
    format == other.format && size == other.size && backing.map(canonical) == other.backing.map(canonical)
  }

  private func canonical(_ path: String) -> String { Files.resolve(path) ?? path }
}
