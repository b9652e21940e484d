import Glibc

/// What the matrix asks of files: names, kinds and the text of a `%`.
enum SuiteFolder {
  enum Entry: Equatable {
    case file
    case folder(Identity)
  }

  /// What tells a file or folder from every other, whatever links lead to it.
  struct Identity: Hashable {
    let device: UInt64
    let number: UInt64

    init(_ status: stat) {
      device = UInt64(status.st_dev)
      number = UInt64(status.st_ino)
    }
  }

  /// Nil when there is nothing at the path.
  static func identity(of path: String) -> Identity? {
    var status = stat()
    return stat(path, &status) == 0 ? Identity(status) : nil
  }

  /// What stands at a path; links are followed.
  static func entry(at path: String) throws(MatrixError) -> Entry {
    var status = stat()
    // As os.path.exists has it: whatever cannot be looked at is not there.
    guard stat(path, &status) == 0 else { throw .missing(path: path, isLink: lstat(path, &status) == 0) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder(Identity(status))
    default: throw .special(path: path)
    }
  }

  /// A name in a folder.
  struct Name {
    let text: String
    /// Whether the folder itself says that a plain file stands there. (Not all file systems do, and of a link none says where
    /// it leads.)
    let isFile: Bool
  }

  /// The names in a folder in the order of their code points, hidden ones included.
  static func names(in folder: String) throws(MatrixError) -> [Name] {
    guard let directory = opendir(folder) else { throw failed(folder) }
    defer { closedir(directory) }
    var names: [Name] = []
    while true {
      // Only errno tells the end from an error.
      errno = 0
      guard let entry = readdir(directory) else { break }
      guard let start = entry.pointer(to: \.d_name) else { continue }
      let bytes = UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self)
      guard let name = String(validatingCString: bytes) else {
        throw .name(folder: folder, name: String(cString: bytes))
      }
      if name != ".", name != ".." {
        names.append(Name(text: name, isFile: entry.pointee.d_type == UInt8(DT_REG)))
      }
    }
    guard errno == 0 else { throw failed(folder) }
    return names.sorted { $0.text.precedesByCodePoints($1.text) }
  }

  /// The number in a `%`, read as Python's `int` reads it: blanks around it, a sign, single underscores between digits.
  /// - Parameter counts: whether the number counts; the file is read all the same.
  /// - Returns: 1 when the file is empty or its number does not count.
  static func divisor(in path: String, counts: Bool) throws(MatrixError) -> Int {
    let text = try text(of: path)
    if text.isEmpty || !counts { return 1 }
    guard let number = pythonInteger(text), number > 0 else { throw .divisor(path: path, text: text) }
    return number
  }

  /// A file's text.
  static func text(of path: String) throws(MatrixError) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failed(path) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(file, &chunk, chunk.count)
      if count == 0 { break }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failed(path) }
      bytes += chunk[..<count]
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .unreadable(path: path, why: "it is not UTF-8")
    }
    return text
  }

  private static func pythonInteger(_ text: String) -> Int? {
    // What str.strip takes for a blank beside Unicode's own white space.
    let isBlank: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace || ("\u{1c}"..."\u{1f}").contains($0) }
    var scalars = Substring(text).unicodeScalars.drop(while: isBlank)
    while let last = scalars.last, isBlank(last) { scalars.removeLast() }
    let isNegative = scalars.first == "-"
    if isNegative || scalars.first == "+" { scalars = scalars.dropFirst() }
    var (number, mayBeUnderscore) = (0, false)
    for scalar in scalars {
      if scalar == "_", mayBeUnderscore {
        mayBeUnderscore = false
        continue
      }
      guard scalar.properties.numericType == .decimal, let digit = scalar.properties.numericValue else { return nil }
      let (product, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, overflow2) = product.addingReportingOverflow(Int(digit))
      guard !overflow, !overflow2 else { return nil }
      number = sum
      mayBeUnderscore = true
    }
    // Neither nothing nor an underscore at the end.
    guard mayBeUnderscore else { return nil }
    return isNegative ? -number : number
  }

  private static func failed(_ path: String) -> MatrixError {
    .unreadable(path: path, why: String(cString: strerror(errno)))
  }
}
