import Glibc

/// Paths by a pattern, as shells have them: `*`, `?` and `[...]` match within a name, and `**` any number of folders.
/// A name that begins with a point is matched only by a point; `\` takes the character behind it as it is.
public struct Glob {
  private let pattern: String
  private let parts: [String]
  private var found: Set<String> = []

  /// The paths that match, sorted; none is no error, nor is a folder that does not exist.
  /// - Throws: `permission` or `system` when the folder before the first wildcard cannot be read. Folders below it that
  ///   cannot be read are passed over.
  public static func list(_ pattern: String) throws(HostError) -> [String] {
    var glob = Glob(pattern)
    try glob.walk("", glob.parts[...], isBase: true)
    return glob.found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Whether a path matches a pattern, by the same rules; nothing is looked at.
  public static func matches(_ pattern: String, _ path: String) -> Bool {
    let parts = Glob(pattern).parts
    let names = path.split(separator: "/").map(String.init)
    guard pattern.hasPrefix("/") == path.hasPrefix("/") else { return false }
    // reached[i]: the parts so far match the first i names.
    var reached = [true] + Array(repeating: false, count: names.count)
    for (position, part) in parts.enumerated() {
      var next = Array(repeating: false, count: names.count + 1)
      for start in reached.indices where reached[start] {
        if part == "**" {
          // At the end it stands for one name at least, before others for any number.
          if position < parts.count - 1 { next[start] = true }
          for end in start..<names.count {
            if names[end].hasPrefix(".") { break }
            next[end + 1] = true
          }
        } else if start < names.count, fnmatch(part, names[start], FNM_PERIOD) == 0 {
          next[start + 1] = true
        }
      }
      reached = next
    }
    return reached[names.count]
  }

  private init(_ pattern: String) {
    self.pattern = pattern
    // Two of "**" in a row mean what one does.
    parts = pattern.split(separator: "/").reduce(into: [String]()) { parts, part in
      if part != "**" || parts.last != "**" { parts.append(String(part)) }
    }
  }

  /// - Parameters:
  ///   - place: the path so far, with a slash at its end, or empty.
  ///   - isBase: no wildcard came yet.
  private mutating func walk(_ place: String, _ rest: ArraySlice<String>, isBase: Bool) throws(HostError) {
    let place = place.isEmpty && pattern.hasPrefix("/") ? "/" : place
    guard let part = rest.first else { return }
    let behind = rest.dropFirst()
    if part == "**" {
      // At the end of a pattern it stands for what is in the folders, too.
      try walk(place, behind.isEmpty ? ["*"] : behind, isBase: isBase)
      for name in try names(in: place, isBase: isBase) where !name.hasPrefix(".") {
        if Self.isRealFolder(place + name) { try walk(place + name + "/", rest, isBase: false) }
      }
    } else if !part.utf8.contains(where: { "*?[".utf8.contains($0) }) {
      try take(place + Self.unescaped(part), behind, isBase: isBase)
    } else {
      for name in try names(in: place, isBase: isBase) where fnmatch(part, name, FNM_PERIOD) == 0 {
        try take(place + name, behind, isBase: false)
      }
    }
  }

  private mutating func take(_ path: String, _ rest: ArraySlice<String>, isBase: Bool) throws(HostError) {
    if !rest.isEmpty {
      try walk(path + "/", rest, isBase: isBase)
    } else if pattern.hasSuffix("/") {
      if Files.isFolder(path) { found.insert(path + "/") }
    } else {
      var status = stat()
      if lstat(path, &status) == 0 { found.insert(path) }
    }
  }

  private func names(in place: String, isBase: Bool) throws(HostError) -> [String] {
    let folder = place.isEmpty ? "." : place
    do throws(HostError) { return try Files.list(folder) } catch {
      if isBase, error.code != .missing, Files.isFolder(folder) { throw error }
      return []
    }
  }

  /// Links are not followed by `**`: one to a folder above would never end.
  private static func isRealFolder(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func unescaped(_ part: String) -> String {
    var text = ""
    var isEscaped = false
    for scalar in part.unicodeScalars {
      if scalar == "\\", !isEscaped {
        isEscaped = true
      } else {
        text.unicodeScalars.append(scalar)
        isEscaped = false
      }
    }
    return isEscaped ? text + "\\" : text
  }
}
