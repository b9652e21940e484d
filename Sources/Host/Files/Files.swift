import Glibc

/// Files by plain POSIX calls, with errors that name the path.
public enum Files {
  /// - Parameter offset: the byte to begin at.
  /// - Returns: the whole content.
  /// - Throws: `missing`, `permission` or `system`, with the path.
  public static func read(_ path: String, from offset: Int = 0) throws(HostError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0, offset == 0 || lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else {
      let code = errno
      if descriptor >= 0 { close(descriptor) }
      throw .system("could not read \(path)", errno: code)
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count == 0 { return bytes }
      if count > 0 {
        bytes += chunk[..<count]
      } else if errno != EINTR {
        throw .system("could not read \(path)", errno: errno)
      }
    }
  }

  /// The content as text, with invalid UTF-8 replaced.
  public static func text(_ path: String) throws(HostError) -> String {
    String(decoding: try read(path), as: UTF8.self)
  }

  /// Writes a file so that others see the old content or the new, never half of it.
  /// - Parameter mode: permissions of the new file.
  public static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o644) throws(HostError) {
    let partial = "\(path).\(getpid()).partial"
    let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw .system("could not write \(path)", errno: errno) }
    let status = Descriptor.write(bytes, to: descriptor)
    close(descriptor)
    guard status == 0 else {
      unlink(partial)
      throw .system("could not write \(path)", errno: status)
    }
    guard rename(partial, path) == 0 else {
      let code = errno
      unlink(partial)
      throw .system("could not write \(path)", errno: code)
    }
  }

  /// Writes over the beginning of a file that is there, such as a switch of the kernel's below /proc.
  static func overwrite(_ path: String, with text: String) throws(HostError) {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("could not write \(path)", errno: errno) }
    defer { close(descriptor) }
    let status = Descriptor.write(Array(text.utf8), to: descriptor)
    if status != 0 { throw .system("could not write \(path)", errno: status) }
  }

  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  public static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The number of the user that a file belongs to, or nil when there is no such file.
  public static func owner(of path: String) -> UInt32? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_uid : nil
  }

  /// The number of the user that this program runs as.
  public static var user: UInt32 { geteuid() }

  /// Size in bytes, or nil when there is no such file.
  public static func size(_ path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
  }

  /// Size in bytes.
  /// - Throws: `missing` or `permission`.
  public static func sizeOfFile(_ path: String) throws(HostError) -> Int {
    guard let size = size(path) else { throw .system("could not read the size of \(path)", errno: errno) }
    return size
  }

  /// Makes a folder and those above it.
  public static func makeFolder(_ path: String, mode: UInt32 = 0o755) throws(HostError) {
    if isFolder(path) { return }
    let above = folder(of: path)
    if above != path { try makeFolder(above, mode: mode) }
    if mkdir(path, mode) != 0, errno != EEXIST || !isFolder(path) {
      throw .system("could not make the folder \(path)", errno: errno)
    }
  }

  /// Removes a file, link or socket; no error when it is gone already.
  public static func remove(_ path: String) throws(HostError) {
    if unlink(path) != 0, errno != ENOENT { throw .system("could not remove \(path)", errno: errno) }
  }

  /// What a symbolic link points at, or nil.
  public static func linkTarget(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count - 1)
    guard count > 0 else { return nil }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The path with links resolved and made absolute; nil when nothing is there.
  public static func resolve(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  /// The path made absolute by the working folder, without looking whether it exists. Parts that mean nothing go; `..`
  /// stays, since before a link it means another folder than it seems.
  public static func absolute(_ path: String) -> String {
    var whole = path
    if !path.hasPrefix("/"), let current = getcwd(nil, 0) {
      whole = String(cString: current) + "/" + path
      free(current)
    }
    return "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
  }

  /// The part before the last slash.
  public static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The part after the last slash.
  public static func name(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }
}
