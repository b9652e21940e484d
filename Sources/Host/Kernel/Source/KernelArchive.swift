import Glibc
import Synchronization

extension LocalHost {
  /// Unpacks a kernel's source from an archive, whose one folder it is in: `tar -xf FILE -C PATH --strip-components=1`.
  /// - Parameters:
  ///   - archive: any that tar(1) reads.
  ///   - path: where; what was unpacked there from the same archive is taken over. nil is the cache.
  /// - Throws: `missing` without the archive, `conflict` when something else is at `path`, `command`.
  public func kernelSource(archive: String, path: String?) async throws(HostError) -> KernelTree {
    guard let archive = Files.resolve(archive) else { throw HostError(.missing, "there is no archive \(archive)") }
    let status = try Files.status(of: archive)
    let origin = "\(archive)\n\(status.size) \(status.modified)\n"
    let name = Files.name(of: archive)
    let stem = name.firstRange(of: ".tar").map { String(name[..<$0.lowerBound]) } ?? name
    let path = path.map { Files.absolute($0) } ?? "\(state.cache)/sources/\(stem)-\(status.size)"
    return try await step("source \(Files.name(of: path))") { step async throws(HostError) in
      try await unpack(archive, to: path, origin, step)
    }
  }

  /// Kbuild and git pass over names that begin with a dot.
  private static let originName = "/.kdevlua-source"

  /// Whether two origins, each an archive's path with its size and its time in the next line, tell of one archive, wherever it is.
  private static func isSame(_ one: String, _ other: String) -> Bool {
    func parts(_ origin: String) -> [String] {
      let lines = origin.split(separator: "\n").map(String.init)
      return [Files.name(of: lines.first ?? "")] + lines.dropFirst()
    }
    return parts(one) == parts(other)
  }

  private func unpack(
    _ archive: String, to path: String, _ origin: String, _ step: Step
  ) async throws(HostError) -> KernelTree {
    let above = Files.folder(of: path)
    let partial = "\(above)/.partial-\(Files.name(of: path))"
    let command = Command.change("tar", "-xf", archive, "-C", partial, "--strip-components=1")
    if isDryRun, !Files.exists(path) {
      _ = plans("mkdir -p \(ShellText.quote(partial))")
      try await require(command, to: "unpack \(archive)")
      _ = plans("mv \(ShellText.quote(partial)) \(ShellText.quote(path))")
      return KernelTree(planned: path)
    }
    try Files.makeFolder(above)
    let lock = try await FileLock.acquire("\(above)/.lock-\(Files.name(of: path))")
    defer { withExtendedLifetime(lock) {} }
    if Files.exists(path) {
      // An archive that was moved since, as in a cache that was copied, is still the same.
      guard let stored = try? Files.text(path + Self.originName), Self.isSame(stored, origin) else {
        throw HostError(
          .conflict, "\(path) is there already, and was not unpacked from \(archive)",
          hint: "give it as a tree, choose another path, or remove it")
      }
      step.adopted(path)
      return try KernelTree(path: path)
    }
    do throws(HostError) {
      try Files.removeTree(partial)
      try Files.makeFolder(partial)
      step.progress("unpacking \(Files.name(of: archive))")
      try await require(command, to: "unpack \(archive)")
      _ = try KernelTree(path: partial)
      try Files.write(Array(origin.utf8), to: partial + Self.originName)
      try Files.move(partial, to: path)
    } catch {
      try? Files.removeTree(partial)
      throw error
    }
    let tree = try KernelTree(path: path)
    step.detail("\(try tree.version()) in \(path)")
    return tree
  }

  /// Unpacks the source of a Debian package, such as linux-source-6.1: the installed one, or else it is downloaded. Nothing
  /// is installed, no root is needed.
  /// - Parameter path: as for an archive.
  /// - Throws: `missing` when there is no such package; `command`.
  public func kernelSource(package: String, path: String?) async throws(HostError) -> KernelTree {
    guard package.hasPrefix("linux-source-"), package.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x2F && $0 < 0x7F }) else {
      throw HostError(
        .invalid, "\"\(package)\" is no package with a kernel's source", hint: "its name is linux-source-VERSION")
    }
    let installed = "/usr/src/\(package).tar.xz"
    if Files.exists(installed) { return try await kernelSource(archive: installed, path: path) }
    let folder = state.cache + "/sources/packages/" + package
    let archive = folder + installed
    if !Files.exists(archive) {
      try await step("download \(package)") { step async throws(HostError) in
        let lock = isDryRun ? nil : try await cacheLock(Files.folder(of: folder))
        defer { withExtendedLifetime(lock) {} }
        // Another kdevlua may have fetched it while this one waited.
        if Files.exists(archive) { return step.adopted("another kdevlua has it") }
        let partial = folder + ".partial"
        if !isDryRun {
          try Files.removeTree(partial)
          try Files.makeFolder(partial)
        }
        do throws(HostError) {
          var download = Command.change("apt-get", "download", package)
          download.workingDirectory = partial
          let result = try await run(download, timeLimit: .seconds(3600))
          guard result.succeeded else {
            throw failure(
              of: download, result, to: "download \(package)",
              hint: "sudo apt-get update; the packages are listed by: apt-cache search --names-only '^linux-source-'")
          }
          let file = isDryRun ? package + ".deb" : try Files.list(partial).first ?? ""
          try await require(.change("dpkg-deb", "-x", "\(partial)/\(file)", partial), to: "unpack \(file)")
          if !isDryRun {
            try Files.remove("\(partial)/\(file)")
            try Files.move(partial, to: folder)
          }
        } catch {
          try? Files.removeTree(partial)
          throw error
        }
      }
    }
    if isDryRun, !Files.exists(archive) { return KernelTree(planned: path ?? folder) }
    return try await kernelSource(archive: archive, path: path)
  }
}

/// Bytes that are read from another task.
final class Words: Sendable {
  private let kept = Mutex<[UInt8]>([])
  /// The last of them.
  var bytes: [UInt8] { kept.withLock { $0 } }
  func add(_ bytes: [UInt8]) { kept.withLock { $0 = Array(($0 + bytes).suffix(1 << 16)) } }
}
