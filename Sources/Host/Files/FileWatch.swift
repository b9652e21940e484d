import Glibc
import Synchronization

/// Watches folders, with all folders in them, for files that are written, moved there or removed, by inotify(7).
public final class FileWatch: Sendable {
  private struct State {
    var descriptor: Int32
    /// The folder of each watch.
    var folders: [Int32: String] = [:]
  }

  private let state: Mutex<State>

  /// - Parameter folders: links are followed here, and not below.
  /// - Throws: `missing` when one is not there, `system` when the system's limit of watches is reached.
  public init(_ folders: [String]) throws(HostError) {
    let descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
    guard descriptor >= 0 else { throw .system("could not watch files", errno: errno) }
    state = Mutex(State(descriptor: descriptor))
    do throws(HostError) {
      for folder in folders { try watch(folder) }
    } catch {
      close()
      throw error
    }
  }

  deinit { close() }

  /// Ends the watch; a second time does nothing.
  public func close() {
    state.withLock { state in
      if state.descriptor >= 0 { Glibc.close(state.descriptor) }
      state.descriptor = -1
    }
  }

  /// How often is looked.
  private static let interval = Duration.milliseconds(20)

  /// Waits until something has changed, and then until nothing more does for a while: an editor that saves, and a checkout of
  /// many files, are one change.
  /// - Parameters:
  ///   - quiet: how long nothing more has to change.
  ///   - condition: says of each path whether it counts.
  /// - Returns: the paths, sorted, each once.
  /// - Throws: `timeout`, `cancelled`, `invalid` when the watch was ended.
  public func next(
    quiet: Duration, timeLimit: Duration? = nil, where condition: @escaping @Sendable (String) -> Bool = { _ in true }
  ) async throws(HostError) -> [String] {
    try await withTimeLimit(timeLimit, "no file was changed") { () async throws(HostError) in
      var changed: Set<String> = []
      var last = ContinuousClock.now
      while true {
        let new = try self.read().filter(condition)
        if !new.isEmpty {
          changed.formUnion(new)
          last = .now
        }
        if !changed.isEmpty, ContinuousClock.now - last >= quiet { return changed.sorted() }
        try await pause(Self.interval)
      }
    }
  }

  /// - Returns: the files that are there already. They may have been written before the watch began.
  @discardableResult
  private func watch(_ folder: String) throws(HostError) -> [String] {
    let mask = UInt32(
      IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK)
    let (number, code) = state.withLock { state in
      let number = inotify_add_watch(state.descriptor, folder, mask)
      if number >= 0 { state.folders[number] = folder }
      return (number, errno)
    }
    guard number >= 0 else {
      throw .system(
        "could not watch \(folder)", errno: code,
        hint: code == ENOSPC ? "raise the limit: sysctl fs.inotify.max_user_watches=524288" : nil)
    }
    var files: [String] = []
    for name in try Files.list(folder) {
      let path = folder + "/" + name
      if Files.isFolder(path), Files.linkTarget(path) == nil { files += try watch(path) } else { files.append(path) }
    }
    return files
  }

  /// What has changed since the last time.
  private func read() throws(HostError) -> [String] {
    var paths: [String] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let (count, folders) = state.withLock { state in
        (Glibc.read(state.descriptor, &buffer, buffer.count), state.folders)
      }
      if count < 0, errno == EBADF { throw HostError(.invalid, "the watch of files was ended") }
      guard count > 0 else { return paths }
      var place = 0
      // struct inotify_event: wd, mask, cookie, len, each of 32 bits, and a name of `len` bytes.
      while place + 16 <= count {
        func word(_ index: Int) -> UInt32 {
          buffer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place + index * 4, as: UInt32.self) }
        }
        let (number, mask, length) = (Int32(bitPattern: word(0)), word(1), Int(word(3)))
        let name = String(decoding: buffer[(place + 16)..<(place + 16 + length)].prefix { $0 != 0 }, as: UTF8.self)
        place += 16 + length
        guard let folder = folders[number], !name.isEmpty else { continue }
        let path = folder + "/" + name
        if mask & UInt32(IN_ISDIR) == 0 {
          // A file that is only made yet has nothing in it; its end of writing comes.
          if mask & UInt32(IN_CREATE) == 0 || Files.linkTarget(path) != nil { paths.append(path) }
        } else if mask & UInt32(IN_CREATE | IN_MOVED_TO) != 0 {
          // It may be gone again.
          paths += (try? watch(path)) ?? []
        }
      }
    }
  }
}
