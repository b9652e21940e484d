import Testing

@testable import Host

@Suite struct GuestModulesTests {
  private let loaded = LoadedModule.list(
    """
    ceph 356352 0 - Live 0xffffffffa005d000
    libceph 356352 1 ceph, Live 0xffffffffa0005000
    libcrc32c 16384 2 libceph,xfs, Live 0xffffffffa0000000
    xfs 1556480 1 - Live 0xffffffffa0100000
    """)

  @Test func aLineOfProcModulesIsRead() {
    #expect(loaded["libcrc32c"] == LoadedModule(name: "libcrc32c", references: 2, users: ["libceph", "xfs"]))
    #expect(loaded["ceph"]?.users == [])
  }

  @Test func aKernelThatCannotUnloadModulesHasThemLoadedAndSaysSo() throws {
    let fixed = LoadedModule.list(
      "ceph 356352 - - Live 0xffffffffa005d000\nlibceph 356352 - - Live 0xffffffffa0005000\n")
    #expect(fixed["ceph"] == LoadedModule(name: "ceph", references: nil, users: []))
    let error = #expect(throws: HostError.self) {
      try Machine.kept(Machine.unloadingOrder(of: ["ceph"], in: fixed), in: fixed)
    }
    #expect(error?.code == .missing)
    #expect(error?.message.contains("cannot unload modules") == true)
    #expect(try Machine.kept(["xfs", "libcrc32c"], in: loaded).map(\.name) == ["xfs"])
  }

  @Test func whatIsKnownOfAModuleIsFoundByEitherSpelling() {
    #expect(LoadedModule.byName(["crypto-cbc": 1, "ceph": 2]) == ["crypto_cbc": 1, "ceph": 2])
  }

  @Test func thoseThatUseAModuleAreUnloadedBeforeIt() {
    #expect(Machine.unloadingOrder(of: ["libceph"], in: loaded) == ["ceph", "libceph"])
    #expect(Machine.unloadingOrder(of: ["ceph", "libcrc32c"], in: loaded) == ["ceph", "libceph", "xfs", "libcrc32c"])
    #expect(Machine.unloadingOrder(of: ["brd"], in: loaded) == [])
  }
}

@Suite struct FileWatchTests {
  @Test func filesThatAreWrittenMovedAndInNewFoldersAreTold() async throws {
    let folder = "/tmp/kdevlua-watch-\(Int.random(in: 0..<1_000_000_000))"
    try Files.makeFolder(folder + "/fs/ceph")
    defer { try? Files.removeTree(folder) }
    let watch = try FileWatch([folder])
    // Files.write writes another file and renames it, as editors do.
    try Files.write([1], to: folder + "/fs/ceph/file.c")
    let first = try await watch.next(quiet: .milliseconds(50), timeLimit: .seconds(10))
    #expect(first.contains(folder + "/fs/ceph/file.c"))
    try Files.makeFolder(folder + "/new/below")
    try Files.write([1], to: folder + "/new/below/inode.c")
    let second = try await watch.next(quiet: .milliseconds(200), timeLimit: .seconds(10)) { $0.hasSuffix(".c") }
    #expect(second == [folder + "/new/below/inode.c"])
    await #expect(throws: HostError.self) {
      try await watch.next(quiet: .milliseconds(20), timeLimit: .milliseconds(100))
    }
  }
}
