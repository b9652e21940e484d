/// A kernel's source, and the folder that it is built into.
public struct KernelTree: Sendable, Equatable {
  /// The source, absolute.
  public let path: String
  /// What `make O=` writes to, absolute; the source itself for a build in the tree.
  public let output: String

  /// - Parameters:
  ///   - path: the top of a kernel's source.
  ///   - output: nil is the source itself. It need not exist.
  /// - Throws: `missing` when `path` is not there, `invalid` when it is no kernel's source.
  public init(path: String, output: String? = nil) throws(HostError) {
    guard let real = Files.resolve(path) else { throw HostError(.missing, "there is no folder \(path)") }
    guard Files.exists(real + "/Kbuild"), Files.exists(real + "/Makefile"), Files.exists(real + "/Kconfig") else {
      throw HostError(
        .invalid, "\(path) is not the top of a kernel's source",
        hint: "it has to have a Makefile, a Kbuild and a Kconfig")
    }
    self.path = real
    self.output = output.map { Files.resolve($0) ?? Files.absolute($0) } ?? real
  }

  /// A tree that a dry run would have made.
  init(planned path: String) {
    self.path = path
    output = path
  }

  var config: String { output + "/.config" }
  /// What kdevlua keeps of a build, beside it.
  var notes: String { output + "/" + KernelImage.treeModules }
  var log: String { notes + "/build.log" }

  /// What `make kernelversion` prints, read from the Makefile's first lines: "6.1.192".
  /// - Throws: `invalid` when the Makefile has no version.
  public func version() throws(HostError) -> String {
    var parts: [Substring: Substring] = [:]
    for line in try Files.text(path + "/Makefile").split(separator: "\n").prefix(40) {
      let sides = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2, let name = sides[0].split(separator: " ").first else { continue }
      parts[name] = sides[1].drop { $0 == " " }
    }
    guard let version = parts["VERSION"], let level = parts["PATCHLEVEL"] else {
      throw HostError(.invalid, "\(path)/Makefile has no VERSION and PATCHLEVEL")
    }
    let sublevel = parts["SUBLEVEL"].flatMap { $0.isEmpty ? nil : "." + $0 } ?? ""
    return "\(version).\(level)\(sublevel)\(parts["EXTRAVERSION"] ?? "")"
  }

  /// What the built kernel calls itself (`uname -r`); nil before it has been configured.
  var release: String? {
    guard let text = try? Files.text(output + "/include/config/kernel.release") else { return nil }
    return text.split(separator: "\n").first.map(String.init)
  }

  /// The image to boot, where the architecture's Makefile puts it (its `KBUILD_IMAGE`); nil when it is not there.
  func image(_ architecture: String) -> String? {
    let places =
      switch architecture {
      case "x86", "x86_64", "i386": ["arch/x86/boot/bzImage"]
      case "arm": ["arch/arm/boot/zImage"]
      default: ["Image.gz", "Image", "bzImage"].map { "arch/\(architecture)/boot/\($0)" } + ["vmlinux"]
      }
    return places.map { output + "/" + $0 }.first(where: Files.exists)
  }
}
