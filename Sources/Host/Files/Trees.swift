import Glibc

extension Files {
  /// Removes a folder with all in it; links are removed, never followed, also when somebody puts one in the way
  /// meanwhile. No error when it is gone already.
  public static func removeTree(_ path: String) throws(HostError) {
    try removeTree(path, in: AT_FDCWD, path)
  }

  /// - Parameters:
  ///   - parent: the descriptor of the folder that `name` is seen from.
  ///   - path: the same for messages.
  private static func removeTree(_ name: String, in parent: Int32, _ path: String) throws(HostError) {
    if unlinkat(parent, name, 0) == 0 || errno == ENOENT || errno == ENOTDIR { return }
    guard errno == EISDIR else { throw .system("could not remove \(path)", errno: errno) }
    let descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("could not remove \(path)", errno: errno) }
    guard let folder = fdopendir(descriptor) else {
      let code = errno
      close(descriptor)
      throw .system("could not remove \(path)", errno: code)
    }
    defer { closedir(folder) }
    for inner in names(in: folder) { try removeTree(inner, in: descriptor, path + "/" + inner) }
    if unlinkat(parent, name, AT_REMOVEDIR) != 0, errno != ENOENT {
      throw .system("could not remove \(path)", errno: errno)
    }
  }

  /// The names in a folder, sorted.
  public static func list(_ path: String) throws(HostError) -> [String] {
    guard let folder = opendir(path) else { throw .system("could not list \(path)", errno: errno) }
    defer { closedir(folder) }
    return names(in: folder).sorted()
  }

  private static func names(in folder: OpaquePointer) -> [String] {
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Gives something another path on the same file system, in the place of a file that is there.
  public static func move(_ path: String, to target: String) throws(HostError) {
    guard rename(path, target) == 0 else {
      let code = errno
      let hint = code == EXDEV ? "the two are on different file systems: copy it and remove the old one" : nil
      throw .system("could not rename \(path) to \(target)", errno: code, hint: hint)
    }
  }
}

extension LocalHost {
  /// Copies a file with its mode, by cp(1), which shares blocks and keeps holes where the file system can.
  public func copy(_ path: String, to target: String) async throws(HostError) {
    if !isDryRun {
      guard Files.exists(path) else { throw HostError(.missing, "could not copy \(path): it does not exist") }
      guard !Files.isFolder(path) else { throw HostError(.invalid, "could not copy \(path): it is a folder") }
    }
    try await require(.change("cp", "--preserve=mode", "-T", "--", path, target), to: "copy \(path)")
  }

  /// Removes a folder with all in it; see ``Files/removeTree(_:)``.
  /// - Throws: `invalid` for the root, the home folder, what these are in, and a path that ends in `.` or `..`.
  public func removeTree(_ path: String) throws(HostError) {
    var path = path
    // Behind a link, a slash would mean what it points at.
    while path.hasSuffix("/"), path != "/" { path.removeLast() }
    let name = Files.name(of: path)
    guard name != "", name != ".", name != ".." else {
      throw HostError(.invalid, "refused to remove '\(path)': name the folder itself")
    }
    let place = Files.resolve(Files.folder(of: path)) ?? Files.absolute(Files.folder(of: path))
    let target = (place == "/" ? "" : place) + "/" + name
    for home in [options.environment["HOME"], Identity.home(environment: [:])] {
      guard let home, let real = Files.resolve(home) else { continue }
      guard real == "/" || !(real + "/").hasPrefix(target + "/") else {
        throw HostError(.invalid, "refused to remove \(path): the home folder \(home) would go with it")
      }
    }
    try change(saying: ["rm", "-rf", "--", path]) { () throws(HostError) in try Files.removeTree(path) }
  }
}
