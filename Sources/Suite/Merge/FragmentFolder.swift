import Glibc

extension Fragment {
  /// Reads all fragments under a folder, in the order of their names.
  ///
  /// As teuthology does, it follows symbolic links, takes only files that end in `.yaml`, and passes over names that
  /// begin with a dot and folders that end in `.disable`.
  /// - Parameter folder: the root of the tree; each fragment's `name` is its path below it.
  /// - Returns: the fragments.
  /// - Throws: `FragmentReadError` when a file or folder cannot be read or is not YAML.
  public static func all(under folder: String) throws(FragmentReadError) -> [Fragment] {
    var fragments: [Fragment] = []
    try read(folder, below: "", depth: 0, into: &fragments)
    return fragments.sorted { $0.precedes($1) }
  }

  /// Reads the fragment of a file.
  /// - Throws: `FragmentReadError` when it cannot be read or is not YAML.
  public init(file path: String) throws(FragmentReadError) {
    let text = try Self.contents(of: path)
    do throws(YAMLError) { try self.init(path: path, text: text) } catch { throw .yaml(error) }
  }

  private static func read(
    _ folder: String, below prefix: String, depth: Int, into fragments: inout [Fragment]
  ) throws(FragmentReadError) {
    // Only a link that leads back up goes so deep.
    guard depth < 32 else { throw .unreadable(path: folder, why: "nested too deep; does a link lead back up?") }
    for entry in try entries(of: folder) {
      let path = "\(folder)/\(entry)"
      let name = prefix.isEmpty ? entry : "\(prefix)/\(entry)"
      var status = stat()
      guard stat(path, &status) == 0 else { throw .failed(path) }
      if status.st_mode & S_IFMT == S_IFDIR {
        if !entry.hasSuffix(".disable") { try read(path, below: name, depth: depth + 1, into: &fragments) }
      } else if entry.hasSuffix(".yaml") {
        let text = try contents(of: path)
        do throws(YAMLError) {
          fragments.append(try Fragment(path: path, name: name, text: text))
        } catch {
          throw .yaml(error)
        }
      }
    }
  }

  /// The text of a fragment of a merge, to find lines in.
  static func text(of merge: FragmentMerge, _ number: Int32) throws(FragmentReadError) -> String {
    if let text = merge.givenText(number) { return text }
    return try contents(of: merge.path(number))
  }

  private static func entries(of folder: String) throws(FragmentReadError) -> [String] {
    guard let directory = opendir(folder) else { throw .failed(folder) }
    defer { closedir(directory) }
    var names: [String] = []
    while true {
      // Only errno tells the end from an error.
      errno = 0
      guard let entry = readdir(directory) else { break }
      guard let start = entry.pointer(to: \.d_name) else { continue }
      let name = String(cString: UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))
      if !name.hasPrefix(".") { names.append(name) }
    }
    guard errno == 0 else { throw .failed(folder) }
    return names
  }

  static func contents(of path: String) throws(FragmentReadError) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .failed(path) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = Glibc.read(file, &chunk, chunk.count)
      if count > 0 {
        bytes += chunk[..<count]
      } else if count == 0 {
        break
      } else if errno != EINTR {
        throw .failed(path)
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .unreadable(path: path, why: "it is not UTF-8")
    }
    return text
  }
}

/// Why fragments could not be read from files.
public enum FragmentReadError: Error, Sendable, Equatable, CustomStringConvertible {
  case unreadable(path: String, why: String)
  case yaml(YAMLError)

  public var description: String {
    switch self {
    case .unreadable(let path, let why): "\(path): \(why)"
    case .yaml(let error): error.description
    }
  }

  /// The error of the system call that just failed.
  fileprivate static func failed(_ path: String) -> FragmentReadError {
    .unreadable(path: path, why: String(cString: strerror(errno)))
  }
}
