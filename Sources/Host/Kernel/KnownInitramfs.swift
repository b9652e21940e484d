import FoundationEssentials

/// Which archive was made last for a kernel, and of which files: so that it is found again without a program that reads all of
/// them. What is in the archive's own name is their content; here it is enough that no file was changed.
struct KnownInitramfs: Codable {
  let archive: String
  /// busybox, the kernel's modules and the list of what each needs, as they were then.
  private let files: [String: FileIdentity]

  init(archive: String, files paths: [String]) {
    self.archive = archive
    var files: [String: FileIdentity] = [:]
    for path in paths { files[path] = FileIdentity(path) }
    self.files = files
  }

  /// Where this is written down for a kernel and a set of scripts.
  static func path(in folder: String, _ kernel: KernelImage, _ scripts: GuestScripts, _ extra: [String]) -> String {
    let names = [kernel.modules ?? kernel.release] + scripts.modules + ["and"] + extra
    var text = Array(names.map { $0 + "\n" }.joined().utf8)
    for (name, bytes) in scripts.files.sorted(by: { $0.key < $1.key }) { text += Array(name.utf8) + bytes }
    return "\(folder)/\(String(fnv1a64(text), radix: 16)).inputs"
  }

  /// The archive, when it is there and all that it was made of is as it was.
  static func archive(notedIn path: String, busybox: String) -> String? {
    guard let bytes = try? Files.read(path),
      let known = try? JSONDecoder().decode(KnownInitramfs.self, from: Data(bytes)),
      known.files[busybox] != nil, Files.exists(known.archive),
      known.files.allSatisfy({ FileIdentity($0.key) == $0.value })
    else { return nil }
    return known.archive
  }

  func write(to path: String) throws(HostError) {
    let bytes: [UInt8]
    do { bytes = [UInt8](try JSONEncoder().encode(self)) } catch {
      throw HostError(.system, "cannot write down what the initramfs is made of: \(error)")
    }
    try Files.write(bytes, to: path)
  }
}
