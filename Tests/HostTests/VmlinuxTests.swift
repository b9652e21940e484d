import Testing

@testable import Host

/// The uncompressed kernel inside a bzImage.
@Suite struct VmlinuxTests {
  /// An ELF file with nothing but a segment of notes, one of which is the PVH entry.
  static func kernel(noteType: UInt8 = 18) -> [UInt8] {
    var file = [UInt8](repeating: 0, count: 64 + 56)
    file.replaceSubrange(0..<5, with: [0x7f] + Array("ELF".utf8) + [2])
    file[32] = 64  // e_phoff
    file[54] = 56  // e_phentsize
    file[56] = 1  // e_phnum
    file[64] = 4  // PT_NOTE
    file[64 + 8] = 120  // p_offset
    // A note of another kind, with a name that needs padding, comes first.
    let other: [UInt8] = [6, 0, 0, 0, 2, 0, 0, 0, 6, 0, 0, 0] + Array("Linux\0".utf8) + [0, 0, 9, 9, 0, 0]
    let entry: [UInt8] = [4, 0, 0, 0, 4, 0, 0, 0, noteType, 0, 0, 0] + Array("Xen\0".utf8) + [0, 0, 0, 1]
    file[64 + 32] = UInt8(other.count + entry.count)  // p_filesz
    return file + other + entry
  }

  /// A bzImage with that payload and nothing else in it.
  static func image(_ payload: [UInt8]) -> [UInt8] {
    func bytes(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } }
    var file = [UInt8](repeating: 0, count: 1024 + 16)
    file[0x1f1] = 1
    file.replaceSubrange(0x202..<0x208, with: Array("HdrS".utf8) + [0x0f, 0x02])
    file.replaceSubrange(0x248..<0x250, with: bytes(16) + bytes(payload.count))
    return file + payload
  }

  @Test(arguments: [
    ["gzip", "-c"], ["xz", "-c", "--check=crc32"], ["xz", "-c", "--format=lzma"], ["zstd", "-cq"], ["lz4", "-clq"],
    ["bzip2", "-c"],
    ["lzop", "-c"],
  ]) func aKernelOfEachCompressionIsTakenOutAndKept(_ compressor: [String]) async throws {
    let fixture = try Fixture()
    var environment = ["KDEVLUA_STATE": fixture.root + "/state", "KDEVLUA_CACHE": fixture.root + "/cache"]
    environment["PATH"] = "/usr/bin:/bin"
    let host = try LocalHost(options: .init(environment: environment), observer: fixture.observer)
    guard host.executables.find(compressor[0]) != nil else { return }
    let kernel = Self.kernel()
    var command = Command.query(compressor)
    command.input = kernel
    let packed = try await host.require(command, to: "compress").output
    // As the kernel's build does for all but gzip.
    let size: [UInt8] = compressor[0] == "gzip" ? [] : [UInt8(kernel.count), 0, 0, 0]
    let path = fixture.root + "/bzImage"
    try Files.write(Self.image(packed + size), to: path)
    let made = try #require(try await host.uncompressedKernel(of: path))
    #expect(try Files.read(made) == kernel)
    #expect(try await host.uncompressedKernel(of: path) == made)
    // Built anew, it is another.
    try Files.write(Self.image(packed + size) + [0], to: path)
    #expect(try await host.uncompressedKernel(of: path) != made)
  }

  @Test func aKernelWithoutAPVHEntryIsBootedAsItIsAndSaysWhy() async throws {
    let fixture = try Fixture()
    let host = try fixture.host(cache: fixture.root + "/cache")
    var command = Command.query("gzip", "-c")
    command.input = Self.kernel(noteType: 17)
    let path = fixture.root + "/bzImage"
    try Files.write(Self.image(try await host.require(command, to: "compress").output), to: path)
    #expect(try await host.uncompressedKernel(of: path) == nil)
    #expect(fixture.observer.notes.contains { $0.contains("CONFIG_PVH") })
    #expect(try Files.list(fixture.root + "/cache/vmlinux").filter { $0 != ".lock" }.isEmpty)
  }

  @Test func aDamagedKernelIsAnErrorAndLeavesNothing() async throws {
    let fixture = try Fixture()
    let host = try fixture.host(cache: fixture.root + "/cache")
    var command = Command.query("gzip", "-c")
    command.input = Self.kernel()
    var packed = try await host.require(command, to: "compress").output
    packed[packed.count / 2] ^= 0xff
    let path = fixture.root + "/bzImage"
    try Files.write(Self.image(packed), to: path)
    await #expect { try await host.uncompressedKernel(of: path) } throws: {
      ($0 as? HostError)?.message.contains("could not decompress \(path)") == true
    }
    #expect(try Files.list(fixture.root + "/cache/vmlinux").filter { $0 != ".lock" }.isEmpty)
  }

  @Test func whatIsNoBzImageHasNoPayload() {
    #expect(KernelPayload(bzImage: []) == nil)
    #expect(KernelPayload(bzImage: Self.kernel()) == nil)
    #expect(
      KernelPayload(bzImage: Array(Self.image([0x1f, 0x8b] + [UInt8](repeating: 1, count: 20)).dropLast(5))) == nil)
    #expect(KernelPayload(bzImage: Self.image([UInt8](repeating: 7, count: 20))) == nil)
  }
}
