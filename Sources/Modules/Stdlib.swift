import CStdlib
import Host

/// The files of stdlib/ and the *.d.lua files: those inside the binary, or a folder in their place.
public struct Stdlib: Sendable {
  /// A folder with the files of stdlib/, which is asked before the binary: `$KDEVLUA_STDLIB`, so that they can be edited
  /// without a rebuild, else `share/kdevlua` beside the folder of the program.
  public let folder: String?

  public init(environment: [String: String]) {
    if let path = environment["KDEVLUA_STDLIB"], !path.isEmpty {
      folder = Files.absolute(path)
    } else if let program = Files.linkTarget("/proc/self/exe") {
      let share = Files.folder(of: Files.folder(of: program)) + "/share/kdevlua"
      folder = Files.isFolder(share) ? share : nil
    } else {
      folder = nil
    }
  }

  /// A file by its path below stdlib/, such as `guest/init`.
  public func read(_ name: String) -> [UInt8]? {
    if let folder, let bytes = try? Files.read(folder + "/" + name) { return bytes }
    return Self.embedded(name)
  }

  /// Where the file is, for messages and chunk names: a path, or `stdlib/NAME` for one inside the binary.
  public func place(_ name: String) -> String {
    if let folder, Files.exists(folder + "/" + name) { return folder + "/" + name }
    return "stdlib/" + name
  }

  /// The names of all files below a folder of stdlib/.
  public func names(below prefix: String) -> [String] {
    var names = Set(Self.embeddedNames.filter { $0.hasPrefix(prefix + "/") })
    if let folder { Self.collect(folder, prefix, into: &names) }
    return names.sorted()
  }

  /// A Lua module's source: `kdev.cli` is kdev/cli.lua or kdev/cli/init.lua.
  public func module(_ name: String) -> (source: [UInt8], place: String)? {
    let path = name.split(separator: ".", omittingEmptySubsequences: false).joined(separator: "/")
    guard !path.contains("//"), !path.hasPrefix("/") else { return nil }
    for file in [path + ".lua", path + "/init.lua"] { if let source = read(file) { return (source, place(file)) } }
    return nil
  }

  private static func collect(_ folder: String, _ prefix: String, into names: inout Set<String>) {
    for name in (try? Files.list(folder + "/" + prefix)) ?? [] {
      let path = prefix + "/" + name
      if Files.isFolder(folder + "/" + path) { collect(folder, path, into: &names) } else { names.insert(path) }
    }
  }

  static var embeddedNames: [String] {
    (0..<cstdlib_count()).compactMap { cstdlib_file_at($0)?.pointee.name.map { String(cString: $0) } }
  }

  private static func embedded(_ name: String) -> [UInt8]? {
    guard let file = cstdlib_find(name)?.pointee, let bytes = file.bytes else { return nil }
    return Array(UnsafeBufferPointer(start: bytes, count: file.size))
  }
}
