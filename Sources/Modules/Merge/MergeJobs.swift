import Host
import LuaKit
import LuaRuntime
import Suite
import SuiteScripts

// kdev.merge { ... } and kdev.merge.suite { ... }: teuthology's merge for scripts of kdevlua.
extension MergeModule {
  /// Merges fragments into one configuration.
  static func mergeOne(_ lua: LuaState, _ environment: Environment) throws -> Int32 {
    let options = try environment.options(lua, at: 2, "kdev.merge.MergeOptions", for: "kdev.merge")
    let setup = try setup(options, suiteName: try options.string("suite_name"), seed: options.integer("seed") ?? 1)
    let description = try options.string("description") ?? ""
    let sources: [LuaValue] = try options.required("fragments")
    var fragments: [Fragment] = []
    for (place, source) in sources.enumerated() { fragments += try Self.fragments(source, place + 1, options) }
    do {
      let merge = try FragmentMerge(setup, scripts: LuaScripts())
      let trace = MergeTrace(for: merge)
      merge.trace = trace
      let numbers = fragments.map { merge.add(path: $0.path, text: $0.text) }
      let outcome = try merge.merge(text: Array(description.utf8), fragments: numbers)
      lua.push(try result(of: merge, outcome, trace))
      return 1
    } catch {
      throw MergeFailure(error)
    }
  }

  /// Pushes a function that gives one job of a suite after the other.
  static func mergeSuite(_ lua: LuaState, _ environment: Environment) throws -> Int32 {
    let options = try environment.options(lua, at: 1, "kdev.merge.SuiteOptions", for: "kdev.merge.suite")
    let folder = Files.absolute(try options.required("folder"))
    var subset: MatrixSubset?
    if let text = try options.string("subset") {
      subset = MatrixSubset(text)
      if subset == nil { throw options.wrong("subset", MatrixSubset.expected) }
    }
    let seed = try options.integer("seed") ?? 1
    let goesOn = try options.bool("keep_going")
    let isNested = try options.value("nested_subsets") ?? true
    let isCompatible = try options.value("compat") ?? true
    let name = try options.string("suite_name") ?? SuiteName.name(of: folder)
    var setup = try setup(options, suiteName: name, seed: seed)
    do {
      let matrix = try SuiteMatrix(
        folder: folder, subset: subset, nestedSubsets: isNested, seed: PythonSeed(seed),
        rules: isCompatible ? .teuthology : .corrected)
      setup.files = matrix.files
      let merge = try FragmentMerge(setup, scripts: LuaScripts())
      var jobs = matrix.jobs()
      lua.push(function: { lua in
        while let job = try jobs.next() {
          do {
            guard try merge.merge(job) == .merged else { continue }
            lua.push(Self.job(merge, try merge.value()))
          } catch {
            if !goesOn { throw MergeFailure(error) }
            lua.push(
              LuaValue.record([
                ("description", .string(merge.description)), ("error", .string(MergeFailure(error).message)),
              ]))
          }
          return 1
        }
        return 0
      })
      return 1
    } catch {
      throw MergeFailure(error)
    }
  }

  // MARK: Options

  private static func setup(_ options: Options, suiteName: String?, seed: Int) throws -> MergeSetup {
    var filters = PlanFilters()
    filters.any = try options.strings("filter")
    filters.none = try options.strings("filter_out")
    filters.all = try options.strings("filter_all")
    filters.looksAtFragments = try options.bool("filter_fragments")
    let base: LuaValue = try options.value("base_config") ?? .table([])
    let globals: LuaValue = try options.value("globals") ?? .table([])
    return MergeSetup(
      base: mapping(base), suiteName: suiteName, seed: seed, filters: filters, globals: YAMLValue(globals).members)
  }

  /// An empty table of Lua does not say that it is a mapping.
  static func mapping(_ value: LuaValue) -> YAMLValue {
    let value = YAMLValue(value)
    return value.sequence?.isEmpty == true ? [:] : value
  }

  /// A file, all files of a folder, or the fragment itself as a table.
  private static func fragments(_ source: LuaValue, _ place: Int, _ options: Options) throws -> [Fragment] {
    switch source {
    case .bytes(let bytes):
      let path = String(decoding: bytes, as: UTF8.self)
      do throws(FragmentReadError) {
        return Files.isFolder(path) ? try Fragment.all(under: path) : [try Fragment(file: path)]
      } catch {
        throw DataFailure(kind: "yaml", message: error.description)
      }
    case .table, .array: return [Fragment(path: "fragment \(place)", value: mapping(source))]
    default: throw options.wrong("fragments", "element \(place) must be a path or a table")
    }
  }

  // MARK: Results

  private static func job(_ merge: FragmentMerge, _ value: YAMLValue) -> LuaValue {
    .record([
      ("description", .string(merge.description)),
      ("fragments", .array(merge.jobFragments.map { .string(merge.path($0)) })), ("config", LuaValue(value)),
    ])
  }

  private static func result(of merge: FragmentMerge, _ outcome: JobOutcome, _ trace: MergeTrace) throws -> LuaValue {
    let value = try merge.value()
    var fields: [(String, LuaValue)] = [
      ("description", .string(merge.description)),
      ("fragments", .array(merge.usedFragments.map { .string(merge.path($0)) })),
      ("dropped", .array(merge.droppedFragments.map { $0.value })),
      ("origins", origins(trace.origins(of: value, base: "base_config"))),
    ]
    switch outcome {
    case .merged: fields.append(("config", LuaValue(value)))
    case .rejected: fields.append(("rejected", merge.rejection?.value ?? .table([])))
    }
    return .record(fields)
  }

  static func origins(_ origins: [ValueOrigin]) -> LuaValue {
    .array(
      origins.map {
        .record([
          ("path", .string($0.pathText)), ("value", .string($0.value.json())), ("origin", .string($0.origin)),
        ])
      })
  }
}

extension Rejection {
  fileprivate var value: LuaValue {
    .record([
      ("fragment", fragment.map { .string($0) } ?? .nil), ("line", fileLine.map { .integer(Int64($0)) } ?? .nil),
      ("reason", .string(why)),
    ])
  }
}

/// Fragments could not be merged.
struct MergeFailure: LuaErrorFields {
  let message: String
  init(_ error: any Error) { message = "\(error)" }

  var kind: String { "merge" }
}
