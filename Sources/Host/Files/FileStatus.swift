import Glibc

/// What the file system knows of a file, as stat(2) says it.
public struct FileStatus: Sendable, Equatable {
  public enum Kind: String, Sendable { case file, directory, link, fifo, socket, block, character }

  public let kind: Kind
  /// In bytes.
  public let size: Int
  /// The permissions: 0o755.
  public let mode: Int
  /// When the content was changed, in seconds since 1970.
  public let modified: Double
  public let user: Int
  public let group: Int
  /// How many names it has.
  public let links: Int

  init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFDIR: .directory
      case S_IFLNK: .link
      case S_IFIFO: .fifo
      case S_IFSOCK: .socket
      case S_IFBLK: .block
      case S_IFCHR: .character
      default: .file
      }
    size = Int(status.st_size)
    mode = Int(status.st_mode & 0o7777)
    modified = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
    user = Int(status.st_uid)
    group = Int(status.st_gid)
    links = Int(status.st_nlink)
  }
}

extension Files {
  /// - Parameter followsLinks: tell of what a link points at, and not of the link.
  /// - Throws: `missing` or `permission`.
  public static func status(of path: String, followsLinks: Bool = true) throws(HostError) -> FileStatus {
    var status = stat()
    guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else {
      throw .system("could not look at \(path)", errno: errno)
    }
    return FileStatus(status)
  }

  /// Sets the permissions; of a link those of what it points at.
  public static func setMode(_ mode: Int, of path: String) throws(HostError) {
    guard chmod(path, mode_t(mode)) == 0 else { throw .system("could not change the mode of \(path)", errno: errno) }
  }

  /// Makes a symbolic link at `path`.
  /// - Throws: `busy` when something is there.
  public static func link(to target: String, at path: String) throws(HostError) {
    guard symlink(target, path) == 0 else { throw .system("could not make the link \(path)", errno: errno) }
  }

  /// What a symbolic link points at.
  /// - Throws: `missing`, and `invalid` for what is no link.
  public static func target(ofLink path: String) throws(HostError) -> String {
    if let target = linkTarget(path) { return target }
    let code = errno
    if code == EINVAL { throw HostError(.invalid, "\(path) is not a symbolic link") }
    throw .system("could not read the link \(path)", errno: code)
  }

  /// Writes behind what is in a file; makes it when it is not there. What is written by one call stays together.
  public static func append(_ bytes: [UInt8], to path: String) throws(HostError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .system("could not write \(path)", errno: errno) }
    defer { close(descriptor) }
    let status = Descriptor.write(bytes, to: descriptor)
    guard status == 0 else { throw .system("could not write \(path)", errno: status) }
  }
}

/// All that is in a folder and those below it, one after the other: a folder, then what is in it, each sorted by name. Links
/// are told of and not followed.
public struct FileWalk {
  private var waiting: [(path: String, depth: Int)] = []
  private let depth: Int
  private let hidden: Bool

  /// - Parameters:
  ///   - depth: how many folders deep; 1 is the folder's own content.
  ///   - hidden: also names that begin with a point.
  /// - Throws: `missing`, `permission`.
  public init(_ folder: String, depth: Int, hidden: Bool) throws(HostError) {
    self.depth = depth
    self.hidden = hidden
    try enter(folder, 1)
  }

  /// - Returns: the path, with that of the folder before it; nil at the end.
  /// - Throws: `permission` for a folder that cannot be read.
  public mutating func next() throws(HostError) -> (path: String, kind: FileStatus.Kind)? {
    while let (path, depth) = waiting.popLast() {
      // It may be gone since its folder was read.
      guard let status = try? Files.status(of: path, followsLinks: false) else { continue }
      if status.kind == .directory, depth < self.depth { try enter(path, depth + 1) }
      return (path, status.kind)
    }
    return nil
  }

  private mutating func enter(_ folder: String, _ depth: Int) throws(HostError) {
    let names = try Files.list(folder).filter { hidden || !$0.hasPrefix(".") }
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    waiting += names.reversed().map { (prefix + $0, depth) }
  }
}

extension LocalHost {
  /// Copies a folder with all in it, links and modes kept, by cp(1).
  /// - Throws: `missing`, `invalid` for what is no folder, `busy` when something is at the target.
  public func copyTree(_ path: String, to target: String) async throws(HostError) {
    if !isDryRun {
      guard Files.exists(path) else { throw HostError(.missing, "could not copy \(path): it does not exist") }
      guard Files.isFolder(path) else { throw HostError(.invalid, "could not copy \(path): it is not a folder") }
      guard !Files.exists(target) else { throw HostError(.busy, "could not copy \(path): \(target) is there already") }
    }
    try await require(.change("cp", "--archive", "-T", "--", path, target), to: "copy \(path)")
  }

  /// Gives a file or folder another path, on another file system too, by mv(1). A file that is there is replaced.
  /// - Throws: `missing`, `command`.
  public func move(_ path: String, to target: String) async throws(HostError) {
    if !isDryRun, (try? Files.status(of: path, followsLinks: false)) == nil {
      throw HostError(.missing, "could not move \(path): it does not exist")
    }
    try await require(.change("mv", "-T", "--", path, target), to: "move \(path)")
  }
}
