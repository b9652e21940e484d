import Glibc

extension LocalHost {
  /// A kernel for the default guest: the given one, else the newest in /boot that has the drivers, else Debian's, unpacked
  /// into the cache.
  /// - Parameters:
  ///   - path: a bzImage or vmlinux; nil looks for one.
  ///   - drivers: modules that the guest needs, such as `9pnet_virtio`. Debian's cloud kernels have no 9p, so they are
  ///     passed over.
  /// - Throws: `missing` when there is none and none can be had, with the command that brings one.
  public func kernel(_ path: String?, drivers: [String]) async throws(HostError) -> KernelImage {
    try await step("kernel") { step async throws(HostError) in
      if let path {
        let kernel = try KernelImage(path: path)
        if let driver = drivers.first(where: { kernel.has($0) == false }) {
          let hasModules = kernel.modulesRoot != nil
          throw HostError(
            .missing,
            "the kernel \(kernel.release) has no \(driver)"
              + (hasModules ? "" : " built in, and its modules are not where they are looked for"),
            hint: hasModules ? "build it with that driver, or take another kernel" : kernel.installModules)
        }
        step.detail(kernel.release)
        return kernel
      }
      if let kernel = installedKernel(drivers: drivers) {
        step.adopted("\(kernel.release), \(kernel.path.hasPrefix(kernels) ? "from the cache" : kernel.path)")
        return kernel
      }
      let kernel = try await fetchDebianKernel(step)
      step.detail("\(kernel.release), unpacked into the cache")
      return kernel
    }
  }

  /// The newest kernel in /boot that has the drivers, else the newest in the cache.
  func installedKernel(drivers: [String]) -> KernelImage? { newest(in: "/boot", with: drivers) ?? cachedKernels().last }

  private var kernels: String { state.cache + "/kernels" }

  private func newest(in folder: String, with drivers: [String]) -> KernelImage? {
    let names = ((try? Files.list(folder)) ?? []).filter { $0.hasPrefix("vmlinuz-") }
    for name in names.sorted(by: { Version($0) > Version($1) }) {
      if let kernel = try? KernelImage(path: folder + "/" + name), drivers.allSatisfy({ kernel.has($0) == true }) {
        return kernel
      }
    }
    return nil
  }

  /// Kernels unpacked earlier, the newest last.
  private func cachedKernels() -> [KernelImage] {
    let folders = ((try? Files.list(kernels)) ?? []).filter { $0.hasPrefix("linux-image-") }
    return folders.sorted { Version($0) < Version($1) }.compactMap {
      newest(in: kernels + "/" + $0 + "/boot", with: [])
    }
  }

  /// Downloads the package that linux-image-amd64 stands for and unpacks it: nothing is installed, no root is needed.
  private func fetchDebianKernel(_ step: Step) async throws(HostError) -> KernelImage {
    let meta = "linux-image-amd64"
    let shown = try await run(.query("apt-cache", "depends", "--important", meta))
    let package = shown.outputText.split(separator: "\n").compactMap { line -> String? in
      let words = line.split(separator: " ")
      return words.count == 2 && words[0] == "Depends:" && words[1].hasPrefix("linux-image-") ? String(words[1]) : nil
    }.first
    guard shown.succeeded, let package else {
      throw HostError(
        .missing, "no kernel with 9p in /boot, and apt knows no \(meta)",
        hint: "run `sudo apt-get update`, or give one: --kernel PATH",
        detail: shown.errorText)
    }
    let folder = kernels + "/" + package
    let lock = isDryRun ? nil : try await cacheLock(kernels)
    defer { withExtendedLifetime(lock) {} }
    // Another kdevlua may have fetched it while this one waited.
    if let kernel = cachedKernels().last { return kernel }
    let partial = kernels + "/.partial-" + package
    if !plans("mkdir -p \(ShellText.quote(partial))") {
      try Files.removeTree(partial)
      try Files.makeFolder(partial + "/package")
      try Files.makeFolder(partial + "/root")
    }
    do throws(HostError) {
      step.progress("downloading \(package)")
      var download = Command.change("apt-get", "download", package)
      download.workingDirectory = partial + "/package"
      try await require(download, to: "download \(package)", timeLimit: .seconds(600))
      let file = isDryRun ? "\(package).deb" : try Files.list(partial + "/package").first ?? ""
      step.progress("unpacking \(package)")
      try await require(
        .change("dpkg-deb", "-x", "\(partial)/package/\(file)", "\(partial)/root"), to: "unpack \(file)",
        timeLimit: .seconds(600))
      let release = String(package.dropFirst("linux-image-".count))
      try await require(.change("depmod", "-b", partial + "/root", release), to: "list the modules of \(release)")
    } catch {
      try Files.removeTree(partial)
      throw error
    }
    let image = folder + "/boot/vmlinuz-" + package.dropFirst("linux-image-".count)
    if plans("mv \(ShellText.quote(partial + "/root")) \(ShellText.quote(folder))") {
      return KernelImage(planned: image, release: String(package.dropFirst("linux-image-".count)))
    }
    guard rename(partial + "/root", folder) == 0 || Files.exists(image) else {
      throw .system("could not move \(partial)/root to \(folder)", errno: errno)
    }
    try Files.removeTree(partial)
    return try KernelImage(path: image)
  }
}

extension KernelImage {
  /// A kernel that a dry run would have fetched.
  fileprivate init(planned path: String, release: String) {
    self.path = path
    self.release = release
    modulesRoot = nil
    buildTree = nil
  }
}

/// Orders file names with version numbers in them as people do: digits by value.
struct Version: Comparable {
  private let parts: [(text: String, number: Int)]

  init(_ name: String) {
    var parts: [(text: String, number: Int)] = []
    var text = ""
    var digits = ""
    for character in name {
      if character.isASCII, character.isNumber {
        digits.append(character)
      } else {
        if !digits.isEmpty {
          parts.append((text, Int(digits) ?? 0))
          (text, digits) = ("", "")
        }
        text.append(character)
      }
    }
    parts.append((text, Int(digits) ?? -1))
    self.parts = parts
  }

  static func < (left: Version, right: Version) -> Bool {
    for (one, other) in zip(left.parts, right.parts) {
      if one.text != other.text { return one.text < other.text }
      if one.number != other.number { return one.number < other.number }
    }
    return left.parts.count < right.parts.count
  }
  static func == (left: Version, right: Version) -> Bool { !(left < right) && !(right < left) }
}
