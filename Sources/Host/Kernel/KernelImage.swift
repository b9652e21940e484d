/// A kernel to boot, with the modules that belong to it.
public struct KernelImage: Sendable, Equatable {
  /// The bzImage or vmlinux.
  public let path: String
  /// Its `uname -r`.
  public let release: String
  /// The folder above `lib/modules/RELEASE`, as `modprobe -d` takes it; nil when no modules were found.
  public let modulesRoot: String?
  /// The build tree that it lies in; nil for an installed or copied kernel.
  public let buildTree: String?

  public var modules: String? { modulesRoot.map { ($0 == "/" ? "" : $0) + "/lib/modules/" + release } }

  /// Reads the release out of a bzImage (Linux's Documentation/arch/x86/boot.rst: `HdrS` at 0x202, the version's text at
  /// the offset in 0x20e plus 0x200) or a vmlinux (the text "Linux version"), and finds its modules: beside an unpacked
  /// package (`../lib/modules`), or the host's.
  /// - Throws: `missing` or `permission` when it cannot be read, `invalid` when it is no kernel for x86.
  public init(path: String) throws(HostError) {
    self.path = Files.resolve(path) ?? Files.absolute(path)
    let bytes = try Files.read(self.path)
    guard let release = Self.release(in: bytes) else {
      throw HostError(
        .invalid, "\(path) is not a kernel that QEMU can boot",
        hint: "give a bzImage (arch/x86/boot/bzImage in a build tree) or a vmlinux")
    }
    self.release = release
    let above = Files.folder(of: Files.folder(of: self.path))
    buildTree = Self.buildTree(of: self.path)
    modulesRoot = ([buildTree.map { $0 + "/" + Self.treeModules }, above, "/"].compactMap(\.self)).first {
      Files.exists(($0 == "/" ? "" : $0) + "/lib/modules/\(release)/modules.dep")
    }
  }

  /// What a build left, to be booted.
  public init(_ build: BuiltKernel) {
    path = build.image ?? build.vmlinux ?? build.tree.output + "/vmlinux"
    release = build.release ?? ""
    modulesRoot = build.modulesRoot
    buildTree = build.tree.output
  }

  /// Where in a build tree its modules are looked for, once they are installed there.
  static let treeModules = ".kdevlua"

  /// `TREE/arch/ARCH/boot/bzImage` and `TREE/vmlinux` lie in a tree that has a modules.builtin.
  private static func buildTree(of path: String) -> String? {
    let folder = Files.folder(of: path)
    let top = folder.hasSuffix("/boot") ? Files.folder(of: Files.folder(of: Files.folder(of: folder))) : folder
    return Files.exists(top + "/modules.builtin") ? top : nil
  }

  /// The command that puts a build tree's modules where they are looked for.
  var installModules: String? {
    buildTree.map {
      ShellText.line(["make", "-C", $0, "modules_install", "INSTALL_MOD_PATH=\($0)/\(Self.treeModules)"])
    }
  }

  static func release(in bytes: [UInt8]) -> String? {
    func word(_ offset: Int) -> Int { Int(bytes[offset]) | Int(bytes[offset + 1]) << 8 }
    if bytes.count > 0x260, Array(bytes[0x202..<0x206]) == Array("HdrS".utf8) {
      let start = word(0x20e) + 0x200
      guard start < bytes.count else { return nil }
      return text(bytes[start...])
    }
    guard bytes.starts(with: [0x7f] + Array("ELF".utf8)), let mark = bytes.firstRange(of: Array("Linux version ".utf8))
    else { return nil }
    return text(bytes[mark.upperBound...])
  }

  /// The release ends at the first space.
  private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
    let text = bytes.prefix(128).prefix { $0 > 0x20 && $0 < 0x7f }
    return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
  }

  /// Whether the kernel has a driver, built in or as a module, as modules.builtin and modules.dep list them.
  /// - Parameter module: its name with underscores, such as `9pnet_virtio`.
  /// - Returns: nil when neither the kernel's modules nor its build tree were found: then nobody can tell.
  public func has(_ module: String) -> Bool? {
    var lists: [String] = []
    if let modules {
      lists = [modules + "/modules.builtin", modules + "/modules.dep"]
    } else if let buildTree {
      lists = [buildTree + "/modules.builtin"]
    } else {
      return nil
    }
    let file = "/" + module + ".ko"
    return lists.contains { list in
      guard let text = try? Files.text(list) else { return false }
      return text.split(separator: "\n").contains { line in
        let path = line.prefix { $0 != ":" }
        return path.contains(file) || path.contains(file.replacing("_", with: "-"))
      }
    }
  }
}
