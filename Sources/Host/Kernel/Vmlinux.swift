import Glibc

/// The kernel proper inside a bzImage. A guest that is started with it need not decompress itself, which under emulation is the
/// largest part of a boot; QEMU enters it by its PVH note (QEMU's "x86/PVH direct boot").
struct KernelPayload: Equatable {
  /// The program that decompresses it, reading standard input.
  let decompressor: [String]
  let bytes: [UInt8]
  /// What it is decompressed.
  let size: Int

  /// Finds the payload where the setup header says (Linux's Documentation/arch/x86/boot.rst: setup_sects at 0x1f1,
  /// payload_offset at 0x248 and payload_length at 0x24c since protocol 2.08), and knows its format by the first bytes, as
  /// the kernel's scripts/extract-vmlinux does.
  /// - Returns: nil when this is no bzImage, or the format is unknown.
  init?(bzImage image: [UInt8]) {
    func number(_ offset: Int, _ size: Int) -> Int {
      image[offset..<offset + size].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    guard image.count > 0x260, Array(image[0x202..<0x206]) == Array("HdrS".utf8), number(0x206, 2) >= 0x208 else {
      return nil
    }
    // No setup_sects means four (boot.rst).
    let sectors = image[0x1f1] == 0 ? 4 : Int(image[0x1f1])
    let start = (sectors + 1) * 512 + number(0x248, 4)
    let end = start + number(0x24c, 4)
    guard start + 8 <= end, end <= image.count else { return nil }
    guard let (_, program) = Self.formats.first(where: { image[start..<end].starts(with: $0.magic) }) else {
      return nil
    }
    decompressor = program
    // The size stands at the end: gzip's own, and for the others four bytes that the kernel's build adds (scripts/Makefile.lib).
    size = number(end - 4, 4)
    bytes = Array(image[start..<end - (program[0] == "gzip" ? 0 : 4)])
  }

  private static let formats: [(magic: [UInt8], program: [String])] = [
    ([0x1f, 0x8b], ["gzip", "-dc"]),
    ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], ["xz", "-dc"]),
    ([0x28, 0xb5, 0x2f, 0xfd], ["zstd", "-dcq"]),
    ([0x02, 0x21, 0x4c, 0x18], ["lz4", "-dcq"]),
    (Array("BZh".utf8), ["bzip2", "-dc"]),
    ([0x5d, 0x00, 0x00], ["xz", "-dc", "--format=lzma"]),
    ([0x89, 0x4c, 0x5a], ["lzop", "-dc"]),
  ]
}

extension LocalHost {
  /// The uncompressed kernel of a bzImage, from the cache or made now. It is kept under the file's identity, so a kernel
  /// that is built anew is decompressed anew.
  /// - Parameter path: a bzImage, or a vmlinux, which is as wanted already.
  /// - Returns: nil, and a note that says why, when the kernel has to be booted as it is: it has no PVH entry, or its
  ///   decompressor is not installed.
  /// - Throws: `missing` or `permission` when the file cannot be read; `command` when it cannot be decompressed.
  func uncompressedKernel(of path: String) async throws(HostError) -> String? {
    guard let identity = FileIdentity(path) else { throw .system("could not read \(path)", errno: errno) }
    let folder = state.cache + "/vmlinux"
    let target = folder + "/" + identity.text
    if Files.exists(target) {
      // Its time tells when it was last of use.
      utimensat(AT_FDCWD, target, nil, 0)
      return target
    }
    let image = try Files.read(path)
    if image.starts(with: [0x7f] + Array("ELF".utf8)) { return path }
    guard let payload = KernelPayload(bzImage: image) else {
      note("\(path) is compressed in an unknown way; it is booted as it is, which takes longer")
      return nil
    }
    guard executables.find(payload.decompressor[0]) != nil else {
      note(
        "\(payload.decompressor[0]) is not installed, so the guest decompresses its kernel itself, which takes longer: "
          + "sudo apt-get install \(Executables.packages[payload.decompressor[0]] ?? payload.decompressor[0])")
      return nil
    }
    if plans("# \(target): the kernel inside \(path), by \(payload.decompressor.joined(separator: " "))") {
      return target
    }
    let lock = try await cacheLock(folder)
    defer { withExtendedLifetime(lock) {} }
    if Files.exists(target) { return target }
    let partial = folder + "/.partial"
    do throws(HostError) {
      var command = Command.query(payload.decompressor)
      command.input = payload.bytes
      command.output = .file(partial, append: false)
      try await require(command, to: "decompress \(path)", timeLimit: .seconds(120))
      let kernel = try Files.read(partial)
      guard kernel.count == payload.size else {
        throw HostError(
          .invalid, "\(path) is damaged: \(kernel.count) bytes are in it, and its header says \(payload.size)")
      }
      guard ELF.canBeEnteredByPVH(kernel) else {
        try Files.remove(partial)
        note("\(path) was built without CONFIG_PVH; the guest decompresses its kernel itself, which takes longer")
        return nil
      }
    } catch {
      try Files.remove(partial)
      throw error
    }
    guard rename(partial, target) == 0 else { throw .system("could not write \(target)", errno: errno) }
    return target
  }
}

extension FileIdentity {
  /// The identity as a file's name.
  var text: String { "\(size)-\(inode)-\(seconds).\(nanoseconds)" }
}
