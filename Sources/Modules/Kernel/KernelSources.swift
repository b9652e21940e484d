import Host
import LuaKit
import LuaRuntime

extension KernelModule {
  /// `source`.
  static func addSources(to module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.async("source") { lua in
      let options = try environment.options(lua, at: 1, "kdev.kernel.SourceOptions", for: "kdev.kernel.source")
      let source = try KernelSource(options)
      return LuaOperation {
        let tree = try await source.tree(host)
        // What a dry run would have made has no version.
        return KernelTreeObject(path: tree.path, version: (try? tree.version()) ?? "")
      }
    }
  }
}

/// What `kdev.kernel.source` was asked for.
private enum KernelSource: Sendable {
  case folder(String)
  case archive(String, path: String?)
  case package(String, path: String?)
  case git(KernelRepository)

  init(_ options: Options) throws {
    let path = try options.string("path")
    let archive = try options.string("archive")
    let package = try options.string("package")
    let repository = try Self.repository(options, path ?? "")
    if let archive {
      self = .archive(archive, path: path)
    } else if let package {
      self = .package(package, path: path)
    } else {
      guard path != nil else {
        throw options.wrong("path", "a folder expected, where neither archive nor package is given")
      }
      self = repository.map { .git($0) } ?? .folder(path ?? "")
    }
  }

  /// nil when nothing was said that is for git.
  private static func repository(_ options: Options, _ path: String) throws -> KernelRepository? {
    var repository = KernelRepository(path: path)
    repository.checkout = try options.string("checkout")
    let remotes = try options.texts("remotes").map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }
    // In the order in which they are asked for a tag.
    if !remotes.isEmpty { repository.remotes = remotes }
    let fetches: Bool? = try options.value("fetch")
    repository.fetches = fetches ?? true
    repository.depth = try options.integer("depth", in: 1...Int(Int32.max))
    repository.isBlobless = try options.bool("blobless")
    repository.worktree = try options.string("worktree")
    let isAsked =
      repository.checkout != nil || !remotes.isEmpty || fetches != nil || repository.depth != nil
      || repository.isBlobless
      || repository.worktree != nil
    return isAsked ? repository : nil
  }

  func tree(_ host: LocalHost) async throws(HostError) -> KernelTree {
    switch self {
    case .folder(let path): try KernelTree(path: path)
    case .archive(let archive, let path): try await host.kernelSource(archive: archive, path: path)
    case .package(let name, let path): try await host.kernelSource(package: name, path: path)
    case .git(let repository): try await host.kernelSource(repository)
    }
  }
}

/// Where a kernel's source is: a path, or an object that knows it. It is looked at when the call is made, not before.
struct TreeArgument: LuaReadable, Sendable {
  let path: String

  static func read(_ lua: LuaState, at index: Int32) throws(LuaMismatch) -> TreeArgument {
    if let object = KernelTreeObject.test(lua, at: index) { return TreeArgument(path: object.path) }
    return TreeArgument(path: try String.read(lua, at: index))
  }
}

/// `kdev.KernelTree`.
final class KernelTreeObject: LuaObject, Sendable {
  static let luaName = "kdev.KernelTree"
  let path: String
  let version: String

  init(path: String, version: String) {
    self.path = path
    self.version = version
  }

  static func define(_ type: LuaClass<KernelTreeObject>) {
    type.property("path") { $0.path }
    type.property("version") { $0.version }
    type.tostring { "kdev.KernelTree: \($0.version) (\($0.path))" }
  }
}
