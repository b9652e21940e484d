import Host
import LuaKit
import LuaRuntime

/// `kdev.fs`; its functions are documented in fs.d.lua.
enum FSModule: KdevModule {
  static let name = "fs"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    addWatch(to: module, environment)
    module.function("read") { lua in
      lua.push(LuaValue.bytes(try Files.read(try lua.read(1))))
      return 1
    }
    module.function("write") { lua in
      let path: String = try lua.read(1)
      let content: [UInt8] = try lua.read(2)
      let options = try environment.options(lua, at: 3, "kdev.fs.WriteOptions", for: "kdev.fs.write")
      let mode = try options.value("mode").map { (value: LuaValue) in
        guard let mode = value.mode else { throw options.wrong("mode", LuaValue.modeExpected) }
        return mode
      }
      try host.change(saying: ["tee", path]) { () throws(HostError) in
        try Files.write(content, to: path, mode: UInt32(mode ?? 0o644))
        // Without what the umask would take away.
        if let mode { try Files.setMode(mode, of: path) }
      }
      return 0
    }
    module.function("append") { lua in
      let path: String = try lua.read(1)
      let content: [UInt8] = try lua.read(2)
      try host.change(saying: ["tee", "-a", path]) { () throws(HostError) in try Files.append(content, to: path) }
      return 0
    }
    module.function("remove") { lua in
      let path: String = try lua.read(1)
      try host.change(saying: ["rm", "-f", path]) { () throws(HostError) in try Files.remove(path) }
      return 0
    }
    module.function("mkdir") { lua in
      let path: String = try lua.read(1)
      try host.change(saying: ["mkdir", "-p", path]) { () throws(HostError) in try Files.makeFolder(path) }
      return 0
    }
    module.function("exists") { lua in
      lua.push(Files.exists(try lua.read(1)))
      return 1
    }
    module.function("is_dir") { lua in
      lua.push(Files.isFolder(try lua.read(1)))
      return 1
    }
    module.function("list") { lua in
      lua.push(try Files.list(try lua.read(1)))
      return 1
    }
    module.function("size") { lua in
      lua.push(try Files.sizeOfFile(try lua.read(1)))
      return 1
    }
    module.async("copy") { lua in
      let (path, target): (String, String) = (try lua.read(1), try lua.read(2))
      return LuaOperation { try await host.copy(path, to: target) }
    }
    module.function("rename") { lua in
      let (path, target): (String, String) = (try lua.read(1), try lua.read(2))
      try host.change(saying: ["mv", "-T", "--", path, target]) { () throws(HostError) in
        try Files.move(path, to: target)
      }
      return 0
    }
    module.function("remove_tree") { lua in
      try host.removeTree(try lua.read(1))
      return 0
    }
    module.function("absolute") { lua in
      let path: String = try lua.read(1)
      lua.push(Files.resolve(path) ?? Files.absolute(path))
      return 1
    }
    module.async("copy_tree") { lua in
      let (path, target): (String, String) = (try lua.read(1), try lua.read(2))
      return LuaOperation { try await host.copyTree(path, to: target) }
    }
    module.async("move") { lua in
      let (path, target): (String, String) = (try lua.read(1), try lua.read(2))
      return LuaOperation { try await host.move(path, to: target) }
    }
    FSStatus.build(module, environment)
    module.function("temporary_folder") { lua in
      let options = try environment.options(lua, at: 1, "kdev.fs.FolderOptions", for: "kdev.fs.temporary_folder")
      let folder = try host.makeTemporaryFolder(
        in: try options.string("folder"), in: lua.transaction(of: host))
      lua.push(FolderObject(folder, host))
      return 1
    }
    module.function("temporary") { lua in
      let options = try environment.options(lua, at: 1, "kdev.fs.TemporaryOptions", for: "kdev.fs.temporary")
      let file = try host.makeTemporary(
        in: try options.string("folder"), content: try options.value("content") ?? [], in: lua.transaction(of: host))
      lua.push(FileObject(file, host))
      return 1
    }
  }
}

/// `kdev.File`.
final class FileObject: LuaObject, Sendable {
  static let luaName = "kdev.File"
  private let file: TemporaryFile
  private let host: LocalHost

  init(_ file: TemporaryFile, _ host: LocalHost) {
    self.file = file
    self.host = host
  }

  static func define(_ type: LuaClass<FileObject>) {
    type.property("path") { $0.file.path }
    type.property("name") { Files.name(of: $0.file.path) }
    type.method("read") { object, lua in
      lua.push(LuaValue.bytes(try object.host.read(object.file)))
      return 1
    }
    type.close { object in LuaOperation { try await object.host.remove(object.file) } }
    type.tostring { "kdev.File: \($0.file.path)" }
  }
}

/// `kdev.Folder`.
final class FolderObject: LuaObject, Sendable {
  static let luaName = "kdev.Folder"
  private let folder: TemporaryFolder
  private let host: LocalHost

  init(_ folder: TemporaryFolder, _ host: LocalHost) {
    self.folder = folder
    self.host = host
  }

  static func define(_ type: LuaClass<FolderObject>) {
    type.property("path") { $0.folder.path }
    type.property("name") { Files.name(of: $0.folder.path) }
    type.close { object in LuaOperation { try await object.host.remove(object.folder) } }
    type.tostring { "kdev.Folder: \($0.folder.path)" }
  }
}
