import FoundationEssentials

/// An image as qemu-img sees it, with all that it says of it.
public struct DiskDetails: Sendable, Equatable {
  public let disk: Disk
  /// The room that it takes on the host, in bytes.
  public let used: Int
  /// The backing file as the image itself has it, which may be a path relative to the image's folder.
  public let storedBacking: String?
  public let snapshots: [DiskSnapshot]
  /// It was not closed properly, and is repaired when it is next opened to be written.
  public let isDirty: Bool
  /// QEMU found it damaged, and opens it only to be read.
  public let isCorrupt: Bool
}

/// A state of the disk that is kept inside the image (qcow2 alone has these).
public struct DiskSnapshot: Sendable, Equatable {
  /// QEMU's number for it.
  public let id: String
  public let name: String
  /// When it was made, in seconds since 1970.
  public let date: Double
  /// The bytes of a running machine's state in it; 0 for one of the disk alone.
  public let machineState: Int
}

/// What `qemu-img info --output json` tells of an image (qemu-img(1)).
struct DiskInfo: Decodable {
  struct Snapshot: Decodable {
    var id: String
    var name: String
    var seconds: Int
    var nanoseconds: Int
    var stateSize: Int

    private enum CodingKeys: String, CodingKey {
      case id, name
      case seconds = "date-sec"
      case nanoseconds = "date-nsec"
      case stateSize = "vm-state-size"
    }
  }
  struct Specific: Decodable {
    struct Data: Decodable { var corrupt: Bool? }
    var data: Data?
  }
  var format: String
  var virtualSize: Int
  var actualSize: Int?
  var backing: String?
  var fullBacking: String?
  var backingFormat: String?
  var snapshots: [Snapshot]?
  var dirty: Bool?
  var specific: Specific?

  private enum CodingKeys: String, CodingKey {
    case format, snapshots
    case virtualSize = "virtual-size"
    case actualSize = "actual-size"
    case backing = "backing-filename"
    case fullBacking = "full-backing-filename"
    case backingFormat = "backing-filename-format"
    case dirty = "dirty-flag"
    case specific = "format-specific"
  }
}

extension LocalHost {
  /// What an image is.
  /// - Parameters:
  ///   - format: its format; nil looks into the image. A guest can write into a raw image what looks like another format, so a
  ///     known format should be given.
  ///   - inUse: look at it even while a QEMU writes to it.
  /// - Throws: `missing`; `busy` when a program writes to it; `command` when it is no image, or none of that format.
  public func disk(at path: String, format: Disk.Format? = nil, inUse: Bool = false) async throws(HostError) -> Disk {
    try await details(of: path, format: format, inUse: inUse).disk
  }

  /// The same with all that qemu-img says of it.
  public func details(
    of path: String, format: Disk.Format? = nil, inUse: Bool = true
  ) async throws(HostError) -> DiskDetails {
    let path = Files.absolute(path)
    guard Files.exists(path) else { throw HostError(.missing, "there is no disk image \(path)") }
    if !inUse, isWritten(path) { throw busy(path) }
    let command = Command.query(
      ["qemu-img", "info", "--output", "json", "-U"] + (format.map { ["-f", $0.rawValue] } ?? []) + [path])
    let result = try await run(command)
    guard result.succeeded else { throw failure(of: command, result, to: "look at the disk \(path)") }
    do {
      return try DiskDetails(path, try JSONDecoder().decode(DiskInfo.self, from: Data(result.output)))
    } catch let error as HostError {
      throw error
    } catch {
      throw HostError(.system, "cannot read what qemu-img prints of \(path): \(error)")
    }
  }

  /// What an image is now. In a dry run one that would have been made is told of as it would be.
  public func details(of disk: Disk) async throws(HostError) -> DiskDetails {
    if isDryRun, !Files.exists(disk.path) { return DiskDetails(planned: disk) }
    return try await details(of: disk.path, format: disk.format)
  }

  /// An image and all below it, the topmost first; in a dry run also one that would have been made.
  public func chain(of disk: Disk) async throws(HostError) -> [DiskDetails] {
    if isDryRun, !Files.exists(disk.path) { return [DiskDetails(planned: disk)] }
    return try await chain(of: disk.path, format: disk.format)
  }

  /// An image and all below it, the topmost first.
  /// - Throws: as `disk(at:)`; `missing` when a backing file is not where the one above it says, `invalid` when an image is
  ///   below itself.
  public func chain(
    of path: String, format: Disk.Format? = nil, inUse: Bool = true
  ) async throws(HostError) -> [DiskDetails] {
    var chain = [try await details(of: path, format: format, inUse: inUse)]
    var seen: Set<String> = [Disk.canonical(path)]
    while let above = chain.last?.disk, let below = above.backing {
      guard Files.exists(below) else {
        throw HostError(
          .missing, "the backing file \(below) of \(above.path) does not exist: it was moved or removed",
          hint: "put it back, or say where it is now: disk:rebase { backing = ..., unsafe = true }")
      }
      guard seen.insert(Disk.canonical(below)).inserted else {
        throw HostError(.invalid, "\(below) is below itself: the chain of \(path) has no end")
      }
      chain.append(try await details(of: below, format: above.backingFormat, inUse: true))
    }
    return chain
  }
}

extension DiskDetails {
  fileprivate init(planned disk: Disk) {
    self.disk = disk
    used = 0
    storedBacking = disk.backing
    snapshots = []
    isDirty = false
    isCorrupt = false
  }

  fileprivate init(_ path: String, _ info: DiskInfo) throws(HostError) {
    guard let format = Disk.Format(rawValue: info.format) else {
      throw HostError(
        .conflict, "\(path) is a \(info.format) image", hint: "convert it: qemu-img convert -O qcow2")
    }
    disk = Disk(
      path: path, format: format, size: ByteSize(bytes: info.virtualSize),
      backing: (info.fullBacking ?? info.backing).map { Files.resolve($0) ?? $0 },
      backingFormat: info.backingFormat.flatMap { Disk.Format(rawValue: $0) })
    used = info.actualSize ?? 0
    storedBacking = info.backing
    snapshots = (info.snapshots ?? []).map {
      DiskSnapshot(
        id: $0.id, name: $0.name, date: Double($0.seconds) + Double($0.nanoseconds) / 1e9, machineState: $0.stateSize)
    }
    isDirty = info.dirty ?? false
    isCorrupt = info.specific?.data?.corrupt ?? false
  }
}
