import Testing

@testable import Host

/// Warnings and errors in what make prints. The texts are those of gcc 12, clang 17, ld, modpost and make.
@Suite struct BuildLogTests {
  private func log(_ text: String) throws -> BuildLog {
    let fixture = try Fixture()
    for name in ["Kbuild", "Kconfig", "Makefile"] { try Files.write([], to: fixture.root + "/" + name) }
    var log = BuildLog(try KernelTree(path: fixture.root))
    _ = log.read(Array(text.utf8))
    return log
  }

  @Test func aCompilersErrorHasItsPlaceAndAllThatBelongsToIt() throws {
    let log = try log(
      """
        CC [M]  fs/ceph/dir.o
        CC [M]  fs/ceph/file.o
      In file included from ../include/linux/fs.h:5,
                       from ../fs/ceph/file.c:3:
      ../fs/ceph/file.c: In function ‘ceph_open’:
      ../fs/ceph/file.c:362:9: error: ‘foo’ undeclared (first use in this function)
        362 |         foo = 1;
            |         ^~~
      ../fs/ceph/file.c:362:9: note: each undeclared identifier is reported only once
      make[3]: *** [../scripts/Makefile.build:250: fs/ceph/file.o] Error 1
      make[3]: *** Waiting for unfinished jobs....
        CC [M]  fs/ceph/inode.o
      ../fs/ceph/inode.c:7:12: warning: unused variable ‘x’ [-Wunused-variable]

      """)
    #expect(log.steps == 3)
    #expect(log.diagnostics.count == 2)
    let error = log.diagnostics[0]
    #expect(error.text == "../fs/ceph/file.c:362:9: error: ‘foo’ undeclared (first use in this function)")
    #expect((error.line, error.column) == (362, 9))
    #expect(error.context.count == 7)
    #expect(error.context.first == "In file included from ../include/linux/fs.h:5,")
    #expect(log.diagnostics[1].option == "-Wunused-variable")
    #expect(log.diagnostics[1].message == "unused variable ‘x’")
  }

  @Test func anErrorOfAnotherProgramIsFoundToo() throws {
    for (line, file, message) in [
      (
        #"ERROR: modpost: "ceph_msg_new" [fs/ceph/ceph.ko] undefined!"#, nil,
        #"modpost: "ceph_msg_new" [fs/ceph/ceph.ko] undefined!"#
      ),
      ("ld: fs/ceph/file.o:(.text+0x12): undefined reference to `foo'", nil, "undefined reference to `foo'"),
      ("make[1]: *** No rule to make target 'nonesuch'.  Stop.", nil, "No rule to make target 'nonesuch'.  Stop."),
      (
        "arch/x86/entry/entry.S:12: Error: no such instruction: `foo'", "arch/x86/entry/entry.S",
        "no such instruction: `foo'"
      ),
      ("ld.lld: error: undefined symbol: foo", nil, "undefined symbol: foo"),
      ("fs/Kconfig:12: syntax error", "fs/Kconfig", "syntax error"),
    ] as [(String, String?, String)] {
      let found = try log(line + "\n").errors
      #expect(found.map(\.message) == [message], "\(line)")
      if let file { #expect(found.first?.file == file) }
    }
  }

  @Test func whatABuildWithNothingToDoSaysIsNoStep() throws {
    let log = try log(
      """
      make[1]: Entering directory '/b'
        GEN     Makefile
        CALL    ../scripts/checksyscalls.sh
        DESCEND objtool
      Kernel: arch/x86/boot/bzImage is ready  (#1)
      make[1]: Leaving directory '/b'

      """)
    #expect(log.steps == 0)
    #expect(log.diagnostics == [])
  }

  @Test func aWarningOfObjtoolIsOfItsFile() throws {
    let found = try log("fs/ceph/file.o: warning: objtool: ceph_open() falls through to next function x()\n")
      .diagnostics
    #expect(found.map(\.file) == ["fs/ceph/file.o"])
    #expect(found.map(\.severity) == [.warning])
  }

  @Test func asManyJobsAsProcessorsAndMemoryAllow() {
    #expect(MakeOptions.jobs(processors: 8, memory: 64 << 30) == 8)
    #expect(MakeOptions.jobs(processors: 64, memory: 4 << 30) == 8)
    #expect(MakeOptions.jobs(processors: 4, memory: 100 << 20) == 1)
    #expect(MakeOptions.jobs(processors: 4, memory: nil) == 4)
  }

  @Test func compilersAreCalledAsAsked() {
    var make = MakeOptions()
    #expect(make.arguments == [])
    make.ccache = true
    #expect(make.arguments == ["CC=ccache gcc"])
    make.llvm = true
    #expect(make.arguments == ["LLVM=1", "LLVM_IAS=1", "CC=ccache clang"])
    make.distribution = .icecc
    #expect(make.arguments == ["LLVM=1", "LLVM_IAS=1", "CC=ccache clang"])
    #expect(make.environment == ["CCACHE_PREFIX": "icecc"])
    make = MakeOptions()
    make.distribution = .distcc
    make.crossCompile = "aarch64-linux-gnu-"
    make.architecture = "arm64"
    #expect(make.arguments == ["ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-", "CC=distcc aarch64-linux-gnu-gcc"])
    #expect(make.sourceArchitecture == "arm64")
    make = MakeOptions()
    make.compiler = "ccache gcc-12"
    make.distribution = .icecc
    #expect(make.arguments == ["CC=ccache gcc-12"])
    #expect(make.environment == ["CCACHE_PREFIX": "icecc"])
  }
}
