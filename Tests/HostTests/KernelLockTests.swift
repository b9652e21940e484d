import Testing

@testable import Host

@Suite struct KernelLockTests {
  /// The top of a source, with an output that has a configuration.
  private func tree(_ fixture: Fixture) throws -> KernelTree {
    let (path, output) = (fixture.root + "/linux", fixture.root + "/b")
    try Files.makeFolder(path)
    try Files.makeFolder(output)
    for file in ["Kbuild", "Kconfig"] { try Files.write([], to: path + "/" + file) }
    try Files.write(Array("VERSION = 6\nPATCHLEVEL = 1\n".utf8), to: path + "/Makefile")
    try Files.write([], to: output + "/.config")
    return try KernelTree(path: path, output: output)
  }

  @Test func nobodyConfiguresBuildsOrInstallsWhereAnotherDoes() async throws {
    let fixture = try Fixture()
    let host = try fixture.host()
    let tree = try tree(fixture)
    let lock = try LocalHost.lock(tree)
    defer { withExtendedLifetime(lock) {} }
    func isBusy(_ error: any Error) -> Bool { (error as? HostError)?.code == .busy }
    await #expect(
      performing: { try await host.configureKernel(ConfigureRequest(tree: tree), isStrict: false) }, throws: isBusy)
    await #expect(performing: { try await host.buildKernel(BuildRequest(tree: tree)) }, throws: isBusy)
    await #expect(
      performing: { try await host.installModules(of: tree, MakeOptions(), into: fixture.root, strips: true) },
      throws: isBusy)
  }

  @Test func aSourceIsDownloadedByOneAtATime() async throws {
    let fixture = try Fixture()
    let bin = fixture.root + "/bin"
    let cache = fixture.root + "/cache"
    try Files.makeFolder(bin)
    // It takes a while, and leaves what apt-get would.
    try Files.write(
      Array("#!/bin/sh\necho >>\(fixture.root)/calls\nsleep 0.5\necho >linux-source-9.9.deb\n".utf8),
      to: bin + "/apt-get", mode: 0o755)
    let source = """
      #!/bin/sh
      mkdir -p "$3/usr/src" "$3/linux"
      for file in Kbuild Kconfig; do echo >"$3/linux/$file"; done
      printf 'VERSION = 9\\nPATCHLEVEL = 9\\n' >"$3/linux/Makefile"
      tar -cJf "$3/usr/src/linux-source-9.9.tar.xz" -C "$3" linux
      """
    try Files.write(Array(source.utf8), to: bin + "/dpkg-deb", mode: 0o755)
    let hosts = try (0..<2).map { _ in try fixture.host(path: bin + ":/usr/bin:/bin", cache: cache) }
    async let one = hosts[0].kernelSource(package: "linux-source-9.9", path: nil)
    async let other = hosts[1].kernelSource(package: "linux-source-9.9", path: nil)
    let (first, second) = try await (one, other)
    #expect(first.path == second.path)
    #expect(try Files.text(fixture.root + "/calls") == "\n")
  }
}
