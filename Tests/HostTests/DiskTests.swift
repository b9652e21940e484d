import Glibc
import Testing

@testable import Host

@Suite struct DiskTests {
  @Test func aDiskIsMadeAdoptedAndRefusedWhenItDiffers() async throws {
    let fixture = try Fixture()
    let host = try fixture.host()
    let transaction = try await host.begin("disks")
    let path = fixture.root + "/base.qcow2"
    let disk = try await host.makeDisk(path, size: try ByteSize("20G"), in: transaction)
    #expect(try await host.disk(at: path) == disk)
    // The same again: nothing is made.
    #expect(try await host.makeDisk(path, size: try ByteSize("20G"), in: transaction) == disk)
    #expect(fixture.observer.events.contains(.stepEnded(id: 2, outcome: .adopted("qcow2, 20G"))))
    await #expect { try await host.makeDisk(path, size: try ByteSize("30G"), in: transaction) } throws: {
      let error = $0 as? HostError
      return error?.code == .conflict && error?.message.contains("it is qcow2, 20G, wanted is qcow2, 30G") == true
    }
  }

  @Test func anOverlayNamesItsBackingFileAndFormat() async throws {
    let fixture = try Fixture()
    let host = try fixture.host()
    let transaction = try await host.begin("disks")
    let base = try await host.makeDisk(
      fixture.root + "/base,1.raw", size: try ByteSize("1M"), format: .raw, in: transaction)
    let overlay = try await host.makeOverlay(fixture.root + "/work.qcow2", backing: base, in: transaction)
    #expect(try await host.disk(at: overlay.path).backing == base.path)
    #expect(overlay.size == base.size)
    await #expect {
      try await host.makeOverlay(
        fixture.root + "/x.qcow2", backing: Disk(path: "/none", format: .raw, size: base.size, backing: nil),
        in: transaction)
    } throws: {
      ($0 as? HostError)?.code == .missing
    }
  }

  @Test func anUnfinishedSetUpLeavesNoDisk() async throws {
    let fixture = try Fixture()
    let host = try fixture.host()
    let transaction = try await host.begin("disks")
    let path = fixture.root + "/base.qcow2"
    _ = try await host.makeDisk(path, size: try ByteSize("20G"), in: transaction)
    #expect(await transaction.rollBack().isEmpty)
    #expect(!Files.exists(path))
    #expect(try host.journal.entries().isEmpty)
  }

  @Test func whatAKilledSetUpLeftIsUndoneByTheNext() async throws {
    let fixture = try Fixture()
    let host = try fixture.host()
    let path = fixture.root + "/base.qcow2"
    do {  // dropped without an end, as by kill -9: the lock goes, the journal stays
      let transaction = try await host.begin("disks")
      _ = try await host.makeDisk(path, size: try ByteSize("20G"), in: transaction)
      await #expect { try await host.begin("disks") } throws: { ($0 as? HostError)?.code == .busy }
      withExtendedLifetime(transaction) {}
    }
    let next = try await fixture.host().begin("disks")
    #expect(!Files.exists(path))
    #expect(try host.journal.entries().isEmpty)
    withExtendedLifetime(next) {}
  }

  @Test func aNumberInTheJournalIsNeverUsedTwice() async throws {
    let fixture = try Fixture()
    let journal = Journal(folder: fixture.root + "/journal")
    let first = try journal.record(.disk(path: "/a"), owner: "", kept: true)
    try journal.strike(first)
    let second = try journal.record(.disk(path: "/b"), owner: "", kept: true)
    #expect(second.id > first.id)
    #expect(!journal.has(first))
    #expect(try journal.entries() == [second])
  }

  @Test func aSetUpThatHasEndedMakesNothingMore() async throws {
    let fixture = try Fixture()
    let host = try fixture.host()
    let transaction = try await host.begin("ended")
    try transaction.commit()
    await #expect {
      try await host.makeDisk(fixture.root + "/late.qcow2", size: try ByteSize("1G"), in: transaction)
    } throws: {
      ($0 as? HostError)?.message.contains("the set-up of ended has ended") == true
    }
    #expect(!Files.exists(fixture.root + "/late.qcow2"))
  }

  @Test(.enabled(if: geteuid() == 0, "mounting a small file system needs root"))
  func aFullFileSystemIsNamedAndLeavesNothing() async throws {
    let fixture = try Fixture()
    let host = try fixture.host()
    let folder = fixture.root + "/small"
    try Files.makeFolder(folder)
    try await host.require(.change("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder), to: "mount")
    defer { umount(folder) }
    try? Files.write([UInt8](repeating: 1, count: 60 << 10), to: folder + "/fill")
    let transaction = try await host.begin("full")
    await #expect {
      try await host.makeDisk(folder + "/base.qcow2", size: try ByteSize("20G"), in: transaction)
    } throws: {
      let error = $0 as? HostError
      return error?.code == .command && error?.detail?.contains("No space left") == true
        && error?.hint?.contains("df -h") == true
    }
    #expect(!Files.exists(folder + "/base.qcow2"))
    #expect(try host.journal.entries().isEmpty)
  }

  @Test func aMissingProgramNamesItsPackage() async throws {
    let fixture = try Fixture()
    let host = try fixture.host(path: fixture.root)
    let executables = Executables(path: fixture.root)
    #expect(
      throws: HostError(
        .missing, "the program qemu-none is not installed", hint: "install qemu-none, or put it into PATH")
    ) {
      try executables.require("qemu-none")
    }
    #expect(Executables.packages["qemu-img"] == "qemu-utils")
    _ = host
  }

  @Test func aDryRunPlansTheDocumentsLineAndChangesNothing() async throws {
    let fixture = try Fixture()
    let host = try fixture.host(dryRun: true)
    let transaction = try await host.begin("dry")
    let base = try await host.makeDisk(fixture.root + "/base.qcow2", size: try ByteSize("128G"), in: transaction)
    _ = try await host.makeOverlay(fixture.root + "/work.qcow2", backing: base, in: transaction)
    #expect(
      fixture.observer.planned == [
        "qemu-img create -f qcow2 \(fixture.root)/base.qcow2 128G",
        "qemu-img create -f qcow2 -b \(fixture.root)/base.qcow2 -F qcow2 \(fixture.root)/work.qcow2",
      ])
    #expect(try Files.list(fixture.root).isEmpty)
  }
}
