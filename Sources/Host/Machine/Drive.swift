/// A disk of a machine: an image of the host, and the device that the guest sees it as.
public struct Drive: Sendable, Equatable {
  /// The device: `/dev/vda`, `/dev/sda`, `/dev/nvme0n1`, and `/dev/sda` again for IDE.
  public enum Interface: String, Sendable, Codable, CaseIterable { case virtio, scsi, nvme, ide }
  /// How the host's page cache is used (qemu-system-x86_64(1), `-drive cache=`).
  public enum Cache: String, Sendable, Codable, CaseIterable { case none, writeback, writethrough, directsync, unsafe }

  public var path: String
  public var format: String
  public var interface: Interface
  /// Nil is QEMU's own default, writeback.
  public var cache: Cache?
  /// Whether what the guest discards is given back to the host's file system.
  public var discard: Bool
  public var readOnly: Bool
  /// What the guest reads as the disk's serial number: `/dev/disk/by-id/`.
  public var serial: String?

  public init(path: String, format: String, interface: Interface = .virtio) {
    self.path = path
    self.format = format
    self.interface = interface
    discard = false
    readOnly = false
  }

  /// For people: the path, and what is not as by default.
  var text: String {
    var more: [String] = interface == .virtio ? [] : [interface.rawValue]
    if let cache { more.append("cache \(cache.rawValue)") }
    if discard { more.append("discard") }
    if readOnly { more.append("read-only") }
    if let serial { more.append("serial \(serial)") }
    return path + (more.isEmpty ? "" : " (\(more.joined(separator: ", ")))")
  }
}

extension Drive: Codable {
  private enum CodingKeys: String, CodingKey { case path, format, interface, cache, discard, readOnly, serial }

  /// Also reads what an earlier kdevlua wrote: path and format only.
  public init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      path: try record.decode(String.self, forKey: .path), format: try record.decode(String.self, forKey: .format),
      interface: try record.decodeIfPresent(Interface.self, forKey: .interface) ?? .virtio)
    cache = try record.decodeIfPresent(Cache.self, forKey: .cache)
    discard = try record.decodeIfPresent(Bool.self, forKey: .discard) ?? false
    readOnly = try record.decodeIfPresent(Bool.self, forKey: .readOnly) ?? false
    serial = try record.decodeIfPresent(String.self, forKey: .serial)
  }
}

extension Drive {
  /// One that QEMU's `-drive` alone makes, and names by itself.
  var isPlain: Bool { interface == .virtio && serial == nil }
}

extension QEMUOption {
  /// A disk that is not plain virtio gets its device apart, as `-drive if=` knows no serial number and no NVMe.
  /// - Parameter saved: the machine is saved, or goes on from a saved state. QEMU then opens an image only to read as long as the guest
  ///   does not run, and again to write when it does, by its path; but by sudo it has given root away by then. So it is told to
  ///   open it to write at once.
  static func drives(_ drives: [Drive], saved: Bool = false) -> [String] {
    var options: [String] = []
    if drives.contains(where: { $0.interface == .scsi }) { options += ["-device", "virtio-scsi-pci,id=scsi"] }
    for (index, drive) in drives.enumerated() {
      let node = "disk\(index)"
      let mode = saved && !drive.readOnly ? ",auto-read-only=off" : ""
      options += ["-drive", backend(drive) + mode + (drive.isPlain ? ",if=virtio" : ",if=none,id=\(node)")]
      if !drive.isPlain { options += ["-device", device(drive, node: node)] }
    }
    return options
  }

  private static func backend(_ drive: Drive) -> String {
    "file=\(escape(drive.path)),format=\(drive.format)" + (drive.cache.map { ",cache=\($0.rawValue)" } ?? "")
      + (drive.discard ? ",discard=unmap" : "") + (drive.readOnly ? ",readonly=on" : "")
  }

  private static func device(_ drive: Drive, node: String) -> String {
    let serial = drive.serial.map { ",serial=\(escape($0))" } ?? ""
    return switch drive.interface {
    case .virtio: "virtio-blk-pci,drive=\(node)\(serial)"
    case .scsi: "scsi-hd,bus=scsi.0,drive=\(node)\(serial)"
    // QEMU wants a serial number of every NVMe disk.
    case .nvme: "nvme,drive=\(node),serial=\(escape(drive.serial ?? node))"
    case .ide: "ide-hd,drive=\(node)\(serial)"
    }
  }
}
