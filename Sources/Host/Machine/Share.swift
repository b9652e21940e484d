/// A folder of the host that the guest mounts.
public struct Share: Sendable, Equatable {
  /// How the guest reaches it.
  public enum Driver: String, Sendable, Codable, CaseIterable {
    /// By QEMU itself.
    case plan9 = "9p"
    /// By a virtiofsd for it.
    case virtiofs
  }

  /// How owners and rights of the guest's files are kept (qemu-system-x86_64(1), `-fsdev local`).
  public enum Security: String, Sendable, Codable, CaseIterable {
    /// As QEMU's user can; what it may not do is left out.
    case none
    /// As the guest says; QEMU has to be root.
    case passthrough
    /// In extended attributes of the files.
    case mappedXattr = "mapped-xattr"
    /// In files beside them.
    case mappedFile = "mapped-file"
  }

  /// What the guest mounts it by.
  public var tag: String
  public var path: String
  public var security: Security
  public var readOnly: Bool
  public var driver: Driver

  public init(
    tag: String, path: String, security: Security = .none, readOnly: Bool = false, driver: Driver = .plan9
  ) {
    self.tag = tag
    self.path = path
    self.security = security
    self.readOnly = readOnly
    self.driver = driver
  }

  /// For people: tag and path, and what is not as by default.
  var text: String {
    let more =
      (driver == .plan9 ? [] : [driver.rawValue]) + (security == .none ? [] : [security.rawValue])
      + (readOnly ? ["read-only"] : [])
    return "\(tag)=\(path)" + (more.isEmpty ? "" : " (\(more.joined(separator: ", ")))")
  }
}

extension Share: Codable {
  private enum CodingKeys: String, CodingKey { case tag, path, security, readOnly, driver }

  /// Also reads what an earlier kdevlua wrote: tag and path only.
  public init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      tag: try record.decode(String.self, forKey: .tag), path: try record.decode(String.self, forKey: .path),
      security: try record.decodeIfPresent(Security.self, forKey: .security) ?? .none,
      readOnly: try record.decodeIfPresent(Bool.self, forKey: .readOnly) ?? false,
      driver: try record.decodeIfPresent(Driver.self, forKey: .driver) ?? .plan9)
  }
}

extension QEMUOption {
  static func shares(_ spec: MachineSpec, _ folder: MachineFolder) -> [String] {
    spec.shares.enumerated().flatMap { index, share in
      switch share.driver {
      case .plan9:
        let id = index == 0 ? "shared_folder" : "shared_folder\(index)"
        let more = share.readOnly ? ",readonly=on" : ""
        return [
          "-fsdev", "local,id=\(id),path=\(escape(share.path)),security_model=\(share.security.rawValue)\(more)",
          "-device", "virtio-9p-pci,fsdev=\(id),mount_tag=\(escape(share.tag))",
        ]
      case .virtiofs:
        return [
          "-chardev", "socket,id=virtiofs\(index),path=\(escape(folder.virtiofs(index)))",
          "-device", "vhost-user-fs-pci,chardev=virtiofs\(index),tag=\(escape(share.tag))",
        ]
      }
    }
  }
}

extension MachineSpec {
  /// Whether other programs than QEMU reach the guest's memory, as a virtiofsd does.
  var sharesMemory: Bool { shares.contains { $0.driver == .virtiofs } }
}
