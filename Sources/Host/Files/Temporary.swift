import Glibc

/// A temporary file, in the journal until it is removed.
public struct TemporaryFile: Sendable {
  public let path: String
  let entry: JournalEntry?
  /// What was written into it; what a dry run, which makes no file, reads back.
  let content: [UInt8]
}

/// A temporary folder, in the journal until it is removed.
public struct TemporaryFolder: Sendable {
  public let path: String
  let entry: JournalEntry?
}

extension LocalHost {
  /// Makes a temporary file of a name that nothing else has.
  /// - Parameters:
  ///   - folder: where; nil is `$TMPDIR` or `/tmp`.
  public func makeTemporary(in folder: String?, content: [UInt8], in transaction: Transaction) throws(HostError)
    -> TemporaryFile
  {
    let path = try newTemporaryPath(in: folder)
    if plans("touch \(ShellText.quote(path))") { return TemporaryFile(path: path, entry: nil, content: content) }
    let entry = try transaction.record(.temporary(path: path))
    do throws(HostError) { try Files.write(content, to: path, mode: 0o666) } catch {
      try transaction.strike(entry)
      throw error
    }
    return TemporaryFile(path: path, entry: entry, content: content)
  }

  /// A path that nothing has.
  func newTemporaryPath(in folder: String?) throws(HostError) -> String {
    let folder = Files.absolute(folder ?? options.environment["TMPDIR"] ?? "/tmp")
    guard isDryRun || Files.isFolder(folder) else { throw HostError(.missing, "there is no folder \(folder)") }
    let name = String((0..<10).compactMap { _ in "abcdefghijklmnopqrstuvwxyz0123456789".randomElement() })
    return "\(folder)/.kdevlua-\(name)"
  }

  /// Makes a temporary folder of a name that nothing else has, which only its owner may enter.
  /// - Parameters:
  ///   - folder: where; nil is `$TMPDIR` or `/tmp`.
  public func makeTemporaryFolder(in folder: String?, in transaction: Transaction) throws(HostError) -> TemporaryFolder
  {
    let path = try newTemporaryPath(in: folder)
    if plans("mkdir -m 700 \(ShellText.quote(path))") { return TemporaryFolder(path: path, entry: nil) }
    let entry = try transaction.record(.temporaryFolder(path: path))
    guard mkdir(path, 0o700) == 0 else {
      let code = errno
      try transaction.strike(entry)
      throw .system("could not make the folder \(path)", errno: code)
    }
    return TemporaryFolder(path: path, entry: entry)
  }

  /// Removes the folder with all in it; no error when it is gone.
  public func remove(_ folder: TemporaryFolder) async throws(HostError) {
    if let entry = folder.entry { try await undo(entry, disks: false) }
  }

  public func read(_ file: TemporaryFile) throws(HostError) -> [UInt8] {
    isDryRun ? file.content : try Files.read(file.path)
  }

  /// Removes the file; no error when it is gone.
  public func remove(_ file: TemporaryFile) async throws(HostError) {
    if let entry = file.entry { try await undo(entry, disks: false) }
  }
}
