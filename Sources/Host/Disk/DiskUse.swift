import Glibc

/// A QEMU program that has an image open.
struct DiskUser {
  /// The machine's name, when it has one.
  let name: String?
  let process: Processes.Process
  /// It has the image open to be read only: as the backing file of another, or as a disk that is not written.
  let readsOnly: Bool

  var text: String {
    let program = Files.name(of: process.arguments.first ?? "QEMU")
    return (name.map { "the machine \($0)" } ?? program) + " (process \(process.id))"
  }
}

extension LocalHost {
  /// The QEMU programs that have the image open: those whose descriptors lead to the file itself, by whatever path. Of other
  /// users' programs only the command line can be read.
  func users(of path: String) -> [DiskUser] {
    var wanted = stat()
    guard stat(path, &wanted) == 0 else { return [] }
    return Processes.all().compactMap { process -> DiskUser? in
      guard process.id != getpid(), Files.name(of: process.arguments.first ?? "").hasPrefix("qemu-"),
        process.arguments.dropFirst().first != "info"  // A look is over before anybody could wait for it.
      else { return nil }
      let name = process.arguments.firstIndex(of: "-name").flatMap { place in
        place + 1 < process.arguments.count
          ? String(process.arguments[place + 1].prefix { $0 != "," }.trimmingPrefix("guest=")) : nil
      }
      let folder = "/proc/\(process.id)"
      guard let numbers = try? Files.list(folder + "/fd") else {
        let option = "file=" + QEMUOption.escape(path)
        let has = process.arguments.contains { $0 == option || $0.contains(option + ",") }
        return has ? DiskUser(name: name, process: process, readsOnly: false) : nil
      }
      let modes = numbers.compactMap { number -> Bool? in
        var status = stat()
        guard stat("\(folder)/fd/\(number)", &status) == 0, status.st_ino == wanted.st_ino,
          status.st_dev == wanted.st_dev
        else { return nil }
        return Self.isReadOnly(try? Files.text("\(folder)/fdinfo/\(number)"))
      }
      return modes.isEmpty ? nil : DiskUser(name: name, process: process, readsOnly: modes.allSatisfy { $0 })
    }
  }

  /// Whether a program may write to the image now. QEMU and its tools hold a lock on byte 101 of a file that they may write:
  /// RAW_LOCK_PERM_BASE and the bit of BLK_PERM_WRITE (QEMU, block/file-posix.c). This only asks for it. A look by qemu-img
  /// takes locks of its own for a moment, and a QEMU that starts in that moment ends with `Failed to get "write" lock`.
  func isWritten(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var lock = flock()
    (lock.l_type, lock.l_whence, lock.l_start, lock.l_len) = (Int16(F_WRLCK), Int16(SEEK_SET), 101, 1)
    return fcntl(descriptor, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK
  }

  /// The line `flags:` of /proc/PID/fdinfo/N, octal (proc(5)).
  private static func isReadOnly(_ text: String?) -> Bool {
    guard let line = text?.split(separator: "\n").first(where: { $0.hasPrefix("flags:") }),
      let flags = Int32(line.dropFirst("flags:".count).filter { !$0.isWhitespace }, radix: 8)
    else { return false }
    return flags & O_ACCMODE == O_RDONLY
  }

  /// The error of an image that somebody has open.
  func busy(_ path: String, detail: String? = nil) -> HostError {
    HostError(
      .busy, "the disk \(path) is in use by \(users(of: path).first?.text ?? "another program")",
      hint: "stop that machine first (kdevlua ps), or choose another disk", detail: detail)
  }

  /// Refuses an image that a running machine has open, be it only as a backing file: writing it would pull the ground from
  /// under that machine.
  /// - Throws: `busy`, with the machine's name.
  func requireUnused(_ path: String) throws(HostError) {
    guard let user = users(of: path).first else { return }
    guard user.readsOnly else { throw busy(path) }
    throw HostError(
      .busy, "the disk \(path) is below a disk of \(user.text)", hint: "stop that machine first (kdevlua ps)")
  }
}
