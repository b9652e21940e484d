/// Paths as text: nothing looks at the files, and links are not followed.
enum PathText {
  /// The parts, with "/" first for an absolute path.
  static func parts(_ path: String) -> [String] {
    (path.hasPrefix("/") ? ["/"] : []) + path.split(separator: "/").map(String.init)
  }

  /// The parts with a slash between them. An absolute part drops those before it, an empty one counts for nothing.
  static func join(_ parts: [String]) -> String {
    var path = ""
    for part in parts where !part.isEmpty {
      if part.hasPrefix("/") || path.isEmpty {
        path = part
      } else {
        path += path.hasSuffix("/") ? part : "/" + part
      }
    }
    return path
  }

  /// As dirname(1) has it: without the last part and the slashes around it.
  static func folder(_ path: String) -> String {
    let bare = trimmed(path)
    guard let slash = bare.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    let folder = trimmed(String(bare[..<slash]))
    return folder.isEmpty ? "/" : folder
  }

  /// As basename(1) has it: the last part.
  static func name(_ path: String) -> String {
    let bare = trimmed(path)
    guard let slash = bare.utf8.lastIndex(of: UInt8(ascii: "/")), bare != "/" else { return bare }
    return String(bare[bare.utf8.index(after: slash)...])
  }

  /// The name before its last point and from it on. A point at the beginning makes a hidden file, not an extension.
  static func stemAndExtension(_ path: String) -> (stem: String, extension: String) {
    let name = name(path)
    guard let point = name.utf8.lastIndex(of: UInt8(ascii: ".")), name[..<point].contains(where: { $0 != "." }) else {
      return (name, "")
    }
    return (String(name[..<point]), String(name[point...]))
  }

  /// The path with another extension in the place of its own; without one when it is empty.
  static func withExtension(_ path: String, _ new: String) -> String {
    let bare = trimmed(path)
    return bare.dropLast(stemAndExtension(bare).extension.count) + new
  }

  /// Without empty parts, `.`, and `..` behind a name.
  static func normalize(_ path: String) -> String {
    let isAbsolute = path.hasPrefix("/")
    var kept: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part != ".." {
        kept.append(part)
      } else if let last = kept.last, last != ".." {
        kept.removeLast()
      } else if !isAbsolute {
        kept.append(part)
      }
    }
    let text = kept.joined(separator: "/")
    return isAbsolute ? "/" + text : text.isEmpty ? "." : text
  }

  /// The way from a folder to a path; both absolute and normalized.
  static func relative(_ path: String, to base: String) -> String {
    let target = path.split(separator: "/")
    let start = base.split(separator: "/")
    let common = zip(target, start).prefix { $0.0 == $0.1 }.count
    let way = Array(repeating: "..", count: start.count - common) + target[common...].map(String.init)
    return way.isEmpty ? "." : way.joined(separator: "/")
  }

  /// Without slashes at the end; the root stays.
  private static func trimmed(_ path: String) -> String {
    var bare = path[...]
    while bare.utf8.count > 1, bare.hasSuffix("/") { bare = bare.dropLast() }
    return String(bare)
  }
}
