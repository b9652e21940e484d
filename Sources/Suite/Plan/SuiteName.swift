/// What a suite is called.
public enum SuiteName {
  /// The name that teuthology knows a suite's folder by: what follows `/suites/` in its path, with ":" between the parts.
  /// - Parameter folder: an absolute path.
  /// - Returns: nil when the folder is in no `suites/`.
  public static func name(of folder: String) -> String? {
    let mark = Array("/suites/".utf8)
    let bytes = Array(folder.utf8)
    guard bytes.count > mark.count else { return nil }
    for start in 0..<bytes.count - mark.count where bytes[start...].starts(with: mark) {
      let name = bytes[(start + mark.count)...].map { $0 == UInt8(ascii: "/") ? UInt8(ascii: ":") : $0 }
      return String(decoding: name, as: UTF8.self)
    }
    return nil
  }
}
