import Glibc

extension LocalHost {
  /// What is in the cache and was neither written nor read for so long: files and folders one level below its parts, such
  /// as `kernels/linux-image-6.1.0-56-amd64`. What a running program has on its command line counts as used. Linux notes
  /// the time of a read once a day (relatime, mount(8)).
  func oldCacheFiles(notUsedFor age: Duration) throws(HostError) -> [Leftover] {
    let parts = ((try? Files.list(state.cache)) ?? []).map { state.cache + "/" + $0 }.filter(Files.isFolder)
    let arguments = Processes.all().flatMap(\.arguments)
    let limit = Clock.wall - age.seconds
    var found: [Leftover] = []
    for part in parts {
      for name in try Files.list(part) where !name.hasPrefix(".") {
        let path = part + "/" + name
        let used = Self.lastUse(of: path)
        guard used < limit, !arguments.contains(where: { $0.contains(path) }) else { continue }
        found.append(
          Leftover(
            title: "cache \(path)", reason: "not used since \((try? Clock.localTime(used, "%F")) ?? "long")",
            cure: .removeTree(path: path)))
      }
    }
    return found
  }

  /// When a file, or anything in a folder, was last written or read, in seconds since 1970.
  private static func lastUse(of path: String) -> Double {
    var status = stat()
    guard lstat(path, &status) == 0 else { return 0 }
    let isFolder = status.st_mode & S_IFMT == S_IFDIR
    // Looking through a folder, as here, counts as a read of it.
    let own = Double(isFolder ? status.st_mtim.tv_sec : max(status.st_mtim.tv_sec, status.st_atim.tv_sec))
    guard isFolder else { return own }
    return ((try? Files.list(path)) ?? []).reduce(own) { max($0, lastUse(of: path + "/" + $1)) }
  }
}
