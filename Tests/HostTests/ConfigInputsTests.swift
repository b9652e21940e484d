import Testing

@testable import Host

/// With a source that has what is asked of one, and a make that counts.
@Suite struct ConfigInputsTests {
  private let fixture: Fixture
  private let host: LocalHost
  private let tree: KernelTree

  init() throws {
    fixture = try Fixture()
    host = try fixture.host()
    let path = fixture.root + "/linux"
    try Files.makeFolder(path + "/lib")
    try Files.write([], to: path + "/Kbuild")
    try Files.write(Array("source \"lib/Kconfig\"\n".utf8), to: path + "/Kconfig")
    try Files.write(Array("config A\n\tbool \"A\"\n".utf8), to: path + "/lib/Kconfig")
    let makefile =
      "VERSION = 6\nPATCHLEVEL = 1\ntinyconfig:\n\techo made >>$(O)/made\n\techo CONFIG_A=y >$(O)/.config\n"
    try Files.write(Array(makefile.utf8), to: path + "/Makefile")
    try Self.compiler("gcc 12", in: fixture)
    tree = try KernelTree(path: path, output: fixture.root + "/b")
  }

  private static func compiler(_ version: String, in fixture: Fixture) throws {
    try Files.write(Array("#!/bin/sh\necho '\(version)'\n".utf8), to: fixture.root + "/cc", mode: 0o755)
  }

  /// How often it has been made, after one more call.
  private func configure(isAnew: Bool = false) async throws -> Int {
    var request = ConfigureRequest(tree: tree)
    request.base = .target("tinyconfig")
    request.make.compiler = fixture.root + "/cc"
    request.isAnew = isAnew
    _ = try await host.configureKernel(request, isStrict: false)
    return try Files.text(tree.output + "/made").split(separator: "\n").count
  }

  @Test func itIsMadeAgainWhenWhatKconfigReadsOrTheCompilerIsAnother() async throws {
    #expect(try await configure() == 1)
    #expect(try await configure() == 1)
    try Files.write(Array("config B\n\tbool \"Another\"\n".utf8), to: tree.path + "/lib/Kconfig")
    #expect(try await configure() == 2)
    #expect(try await configure() == 2)
    try Self.compiler("gcc 13", in: fixture)
    #expect(try await configure() == 3)
    #expect(try await configure() == 3)
    #expect(try await configure(isAnew: true) == 4)
    #expect(try await configure() == 4)
  }
}
