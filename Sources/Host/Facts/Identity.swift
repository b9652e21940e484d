import Glibc

/// Who runs this, and where.
public enum Identity {
  /// The home folder: `$HOME`, else that of the user's entry in the user database; nil when neither is there.
  public static func home(environment: [String: String]) -> String? {
    if let home = environment["HOME"], !home.isEmpty { return home }
    return entry { $0.pw_dir.map { String(cString: $0) } }
  }

  /// The name of the effective user; nil when the user database has no entry of that number.
  public static var user: String? { entry { $0.pw_name.map { String(cString: $0) } } }

  /// The name of this machine.
  /// - Throws: `system`.
  public static func hostName() throws(HostError) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else {
      throw .system("could not read the name of this machine", errno: errno)
    }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func entry(_ read: (passwd) -> String?) -> String? {
    var record = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16384)
    return buffer.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress, getpwuid_r(geteuid(), &record, start, buffer.count, &found) == 0, let found
      else { return nil }
      return read(found.pointee)
    }
  }
}
