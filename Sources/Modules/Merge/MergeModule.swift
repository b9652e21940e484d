import Host
import LuaKit
import LuaRuntime
import Suite
import SuiteScripts

/// `kdev.merge`; its functions are documented in merge.d.lua.
enum MergeModule: KdevModule {
  static let name = "merge"

  static func build(_ module: LuaModule, _ environment: Environment) {
    module.call { lua in try mergeOne(lua, environment) }
    module.function("suite") { lua in try mergeSuite(lua, environment) }
    module.function("choose") { lua in
      let options = try environment.options(lua, at: 1, "kdev.merge.ChooseOptions", for: "kdev.merge.choose")
      let fragments = try environment.fragments(try options.required("fragments"))
      let base: LuaValue = try options.value("base") ?? .table([])
      let globals: LuaValue = try options.value("globals") ?? .table([])
      var forced: [String: String] = [:]
      for (facet, name) in try options.texts("forced") { forced[facet] = String(decoding: name, as: UTF8.self) }
      let over = try over(options)
      do throws(ChoiceError) {
        let choice = try Suite.choose(
          fragments: fragments, base: YAMLValue(base), over: over, scripts: LuaScripts(), forced: forced,
          globals: YAMLValue(globals).members)
        lua.push(choice.value)
        return 1
      } catch {
        if case .unknownAlternative = error { throw UsageError(message: error.description) }
        throw ChoiceFailure(error)
      }
    }
  }
}

extension MergeModule {
  /// What is merged over a choice.
  fileprivate static func over(_ options: Options) throws -> [Fragment] {
    guard options.push(list: "over") else { return [] }
    defer { options.lua.pop() }
    let list = options.lua.top
    return try stride(from: 1, through: options.lua.rawCount(at: list), by: 1).map { position in
      options.lua.rawElement(position, of: list)
      defer { options.lua.pop() }
      let one = options.inner("kdev.merge.Over", at: -1)
      return Fragment(path: try one.required("origin"), value: mapping(try one.required("config")))
    }
  }
}

/// No choice could be made.
struct ChoiceFailure: LuaErrorFields {
  let error: ChoiceError
  init(_ error: ChoiceError) { self.error = error }

  var kind: String { "choice" }
  var message: String {
    switch error {
    case .forcedAlternativeRejected(let facet, let rejected):
      "\(facet) cannot be what was asked for: "
        + rejected.map { "\($0.alternative.name): \($0.rejection.reason ?? $0.description)" }.joined(separator: "; ")
    case .rejected(let rejection, _):
      "the choices do not fit together: \(rejection.why)"
        + (rejection.fragment.map { " (\($0)\(rejection.fileLine.map { ":\($0)" } ?? ""))" } ?? "")
    default: error.description
    }
  }
}

extension Choice {
  fileprivate var value: LuaValue {
    .record([
      ("config", LuaValue(yaml)), ("origins", MergeModule.origins(origins)),
      (
        "facets",
        .array(
          facets.map { facet in
            .record([
              ("name", .string(facet.facet)), ("chosen", .string(facet.chosen.name)),
              ("path", .string(facet.chosen.path)), ("forced", .bool(facet.isForced)),
              ("rejected", .array(facet.rejected.map { .string($0.rejection.reason ?? $0.description) })),
            ])
          })
      ),
    ])
  }
}

extension Environment {
  /// The fragments of a folder; or those of that name in the stdlib, a repository's `.kdevlua/` and the user's own
  /// configuration, of which the later ones override the earlier.
  fileprivate func fragments(_ name: String) throws -> [Fragment] {
    if name.contains("/") { return try fragments(in: name) }
    let prefix = "fragments/" + name
    var found: [Fragment] = []
    for file in stdlib.names(below: prefix) where file.hasSuffix(".yaml") {
      guard let bytes = stdlib.read(file) else { continue }
      do throws(YAMLError) {
        found.append(
          try Fragment(
            path: stdlib.place(file), name: String(file.dropFirst(prefix.count + 1)),
            text: String(decoding: bytes, as: UTF8.self)))
      } catch {
        throw DataFailure(error)
      }
    }
    for folder in host.teamFolders where Files.isFolder(folder + "/" + prefix) {
      found += try fragments(in: folder + "/" + prefix)
    }
    guard !found.isEmpty else { throw HostError(.missing, "there are no fragments \(name)") }
    return found
  }

  private func fragments(in folder: String) throws -> [Fragment] {
    do throws(FragmentReadError) {
      let fragments = try Fragment.all(under: folder)
      noteMisnamed(in: folder)
      return fragments
    } catch {
      throw DataFailure(kind: "yaml", message: error.description)
    }
  }

  /// Says of files that nobody reads, though YAML files are often called so.
  private func noteMisnamed(in folder: String) {
    for name in (try? Files.list(folder)) ?? [] {
      let path = folder + "/" + name
      if name.hasSuffix(".yml") { host.note("\(path) is not read: the name of a fragment ends in .yaml") }
      if Files.isFolder(path), !name.hasSuffix(".disable") { noteMisnamed(in: path) }
    }
  }
}
