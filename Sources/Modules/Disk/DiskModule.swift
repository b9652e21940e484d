import Host
import LuaKit
import LuaRuntime

/// `kdev.disk`; its functions are documented in disk.d.lua.
enum DiskModule: KdevModule {
  static let name = "disk"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    addDebian(to: module, environment)
    module.async("create") { lua in
      let options = try environment.options(lua, at: 1, "kdev.disk.CreateOptions", for: "kdev.disk.create")
      let path = host.diskPath(try options.required("path"))
      guard let size = try options.size("size") else { throw options.wrong("size", "a size expected") }
      let format = try options.format() ?? .qcow2
      let transaction = lua.transaction(of: host)
      return LuaOperation {
        DiskObject(try await host.makeDisk(path, size: size, format: format, in: transaction), environment)
      }
    }
    module.async("overlay") { lua in
      let options = try environment.options(lua, at: 1, "kdev.disk.OverlayOptions", for: "kdev.disk.overlay")
      let path = host.diskPath(try options.required("path"))
      let backing: DiskObject = try options.required("backing")
      let (size, relative) = (try options.size("size"), try options.bool("relative"))
      let transaction = lua.transaction(of: host)
      return LuaOperation {
        let overlay = try await host.makeOverlay(
          path, backing: backing.disk, size: size, relative: relative, in: transaction)
        return DiskObject(overlay, environment)
      }
    }
    module.async("info") { lua in
      let path = host.diskPath(try lua.read(1))
      let options = try environment.options(lua, at: 2, "kdev.disk.InfoOptions", for: "kdev.disk.info")
      let (format, inUse) = (try options.format(), try options.bool("in_use"))
      return LuaOperation { DiskObject(try await host.disk(at: path, format: format, inUse: inUse), environment) }
    }
    module.async("temporary") { lua in
      let options = try environment.options(lua, at: 1, "kdev.disk.TemporaryOptions", for: "kdev.disk.temporary")
      let backing: DiskObject? = try options.value("backing")
      let size = try options.size("size")
      let format = try options.format() ?? .qcow2
      let folder = try options.string("folder")
      let transaction = lua.transaction(of: host)
      return LuaOperation {
        let made = try await host.makeTemporaryDisk(
          size: size, format: format, backing: backing?.disk, in: folder, in: transaction)
        return DiskObject(made.disk, environment, temporary: made.file)
      }
    }
    module.async("image") { lua in
      let options = try environment.options(lua, at: 1, "kdev.disk.ImageOptions", for: "kdev.disk.image")
      let (source, checksum) = (try options.source(), try options.checksum())
      let (format, limit) = (try options.format(), try options.duration("timeout"))
      let transaction = lua.transaction(of: host)
      return LuaOperation {
        let image = try await host.image(
          source, checksum: checksum, format: format, timeLimit: limit, in: transaction)
        return DiskObject(image, environment)
      }
    }
  }
}

extension LocalHost {
  /// A path without a slash is a disk of ours, in the state folder.
  func diskPath(_ path: String) -> String { path.contains("/") ? path : state.disks + "/" + path }
}

extension Options {
  func format() throws -> Disk.Format? { try string("format").flatMap { Disk.Format(rawValue: $0) } }

  fileprivate func source() throws -> DiskSource {
    let (url, path) = (try string("url"), try string("path"))
    if let url, path == nil { return .url(url) }
    if let path, url == nil { return .path(path) }
    throw wrong("url", "this or path expected" + (url == nil ? "" : ", and not both"))
  }

  fileprivate func checksum() throws -> DiskChecksum? {
    let (short, long) = (try string("sha256"), try string("sha512"))
    if let text = long {
      guard let checksum = DiskChecksum(sha512: text) else {
        throw wrong("sha512", "128 hexadecimal digits expected, got \"\(text)\"")
      }
      return checksum
    }
    guard let text = short else { return nil }
    guard let checksum = DiskChecksum(sha256: text) else {
      throw wrong("sha256", "64 hexadecimal digits expected, got \"\(text)\"")
    }
    return checksum
  }
}
