/// A folder of the host that the guest mounts by 9p.
public struct Share: Sendable, Equatable {
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

  public init(tag: String, path: String, security: Security = .none, readOnly: Bool = false) {
    self.tag = tag
    self.path = path
    self.security = security
    self.readOnly = readOnly
  }

  /// For people: tag and path, and what is not as by default.
  var text: String {
    let more = (security == .none ? [] : [security.rawValue]) + (readOnly ? ["read-only"] : [])
    return "\(tag)=\(path)" + (more.isEmpty ? "" : " (\(more.joined(separator: ", ")))")
  }
}

extension Share: Codable {
  private enum CodingKeys: String, CodingKey { case tag, path, security, readOnly }

  /// Also reads what an earlier kdevlua wrote: tag and path only.
  public init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      tag: try record.decode(String.self, forKey: .tag), path: try record.decode(String.self, forKey: .path),
      security: try record.decodeIfPresent(Security.self, forKey: .security) ?? .none,
      readOnly: try record.decodeIfPresent(Bool.self, forKey: .readOnly) ?? false)
  }
}

extension QEMUOption {
  static func shares(_ spec: MachineSpec) -> [String] {
    spec.shares.enumerated().flatMap { index, share in
      let id = index == 0 ? "shared_folder" : "shared_folder\(index)"
      let more = share.readOnly ? ",readonly=on" : ""
      return [
        "-fsdev", "local,id=\(id),path=\(escape(share.path)),security_model=\(share.security.rawValue)\(more)",
        "-device", "virtio-9p-pci,fsdev=\(id),mount_tag=\(escape(share.tag))",
      ]
    }
  }
}
