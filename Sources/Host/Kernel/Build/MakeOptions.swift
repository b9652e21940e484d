import Glibc

/// How a kernel is made: the compiler, for what, by how many at once. The variables are those of
/// Documentation/kbuild/kbuild.rst and llvm.rst.
public struct MakeOptions: Sendable, Equatable {
  /// Compilations on other machines.
  public enum Distribution: String, Sendable, CaseIterable { case distcc, icecc }

  /// `ARCH=`; nil is this machine's.
  public var architecture: String?
  /// `CROSS_COMPILE=`: what the names of the tools begin with.
  public var crossCompile: String?
  /// `CC=`; nil is gcc, or clang with `llvm`. A `ccache` before it is the option of that name: what distributes takes no other program
  /// for its compiler.
  public var compiler: String? {
    didSet {
      guard let compiler, compiler.hasPrefix("ccache ") else { return }
      self.compiler = String(compiler.dropFirst("ccache ".count))
      ccache = true
    }
  }
  /// `LLVM=1 LLVM_IAS=1`: clang and the LLVM tools.
  public var llvm = false
  /// Compiles through ccache(1).
  public var ccache = false
  public var distribution: Distribution?
  /// `-j`; nil is as many as the processors and the memory let.
  public var jobs: Int?
  /// More of `make`'s variables: `["KCFLAGS=-g3"]`.
  public var variables: [String] = []

  public init() {}

  /// Memory that one compilation is reckoned with: with debug information the largest files take about this much.
  static let memoryOfAJob = 512 << 20

  /// The compiler of the Makefile, when `CC` is not set.
  private var ownCompiler: String { llvm ? "clang" : (crossCompile ?? "") + "gcc" }

  /// The compiler with the programs before it.
  var compilerWords: [String] {
    let before = ccache ? ["ccache"] : distribution.map { [$0.rawValue] } ?? []
    return before + (compiler ?? ownCompiler).split(separator: " ").map(String.init)
  }

  /// `CC=`; nil leaves the Makefile's own.
  var compilerText: String? {
    compiler == nil && !ccache && distribution == nil ? nil : compilerWords.joined(separator: " ")
  }

  /// Everything that is the same for each target.
  var arguments: [String] {
    var list: [String] = []
    if let architecture { list.append("ARCH=\(architecture)") }
    if let crossCompile { list.append("CROSS_COMPILE=\(crossCompile)") }
    if llvm { list += ["LLVM=1", "LLVM_IAS=1"] }
    if let compilerText { list.append("CC=\(compilerText)") }
    return list + variables
  }

  /// ccache hands what it does not have to the distributing program (ccache(1), "prefix_command").
  var environment: [String: String?] {
    guard ccache, let distribution else { return [:] }
    return ["CCACHE_PREFIX": distribution.rawValue]
  }

  /// What LLVM=1 calls (Documentation/kbuild/llvm.rst).
  static let llvmPrograms =
    ["clang", "ld.lld"] + ["ar", "nm", "objcopy", "objdump", "readelf", "strip"].map { "llvm-" + $0 }

  /// The programs that have to be there.
  var programs: [String] {
    ["make"] + (ccache ? ["ccache"] : []) + (distribution.map { [$0.rawValue] } ?? [])
      + (llvm ? Self.llvmPrograms : compiler == nil ? [ownCompiler] : [])
  }

  /// As many at once as there are processors for it, and memory.
  static func jobs(processors: Int, memory: Int?) -> Int {
    max(1, min(processors, memory.map { $0 / memoryOfAJob } ?? processors))
  }

  /// The `SRCARCH` of the Makefile.
  public var sourceArchitecture: String {
    let name = architecture ?? Self.machine
    return switch name {
    case "i386", "x86_64": "x86"
    case "aarch64": "arm64"
    case "ppc64", "ppc64le": "powerpc"
    case "s390x": "s390"
    case "riscv32", "riscv64": "riscv"
    default: name
    }
  }

  /// `uname -m`.
  private static let machine: String = {
    var name = utsname()
    guard uname(&name) == 0 else { return "x86_64" }
    return withUnsafePointer(to: &name.machine) {
      $0.withMemoryRebound(to: CChar.self, capacity: 65) { String(cString: $0) }
    }
  }()
}

extension LocalHost {
  /// The jobs for `make -j`: those that were asked for, else what distcc says its machines take, else by processors and the
  /// memory that is available.
  func jobs(of options: MakeOptions) async throws(HostError) -> Int {
    if let jobs = options.jobs { return jobs }
    let own = MakeOptions.jobs(processors: Self.processors, memory: Self.availableMemory)
    switch options.distribution {
    case nil: return own
    case .distcc:
      // distcc(1): "-j: calculate the concurrency level from the host list".
      let told = try await run(.query("distcc", "-j"))
      return max(own, Int(told.outputText.filter(\.isNumber)) ?? own)
    // icecc's scheduler knows its machines; what it cannot place waits there.
    case .icecc: return own * 4
    }
  }

  /// The processors that this process may run on: the bits of `Cpus_allowed` (proc(5)).
  static var processors: Int {
    let text = (try? Files.text("/proc/self/status")) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }
    let bits = line?.dropFirst("Cpus_allowed:".count).compactMap(\.hexDigitValue).reduce(0) { $0 + $1.nonzeroBitCount }
    return max(1, bits ?? sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  }

  /// Bytes, as /proc/meminfo's MemAvailable says (proc(5)).
  static var availableMemory: Int? {
    guard let text = try? Files.text("/proc/meminfo") else { return nil }
    let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
    return line.flatMap { Int($0.filter(\.isNumber)) }.map { $0 << 10 }
  }
}
