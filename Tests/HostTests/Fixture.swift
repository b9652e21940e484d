import Glibc
import Synchronization
import Testing

@testable import Host

/// A state directory of its own for a test, gone with it.
final class Fixture {
  let root: String
  let observer = Recorder()

  init() throws {
    var template = Array("/tmp/kdevlua-test-XXXXXX".utf8CString)
    root = try #require(mkdtemp(&template).map { String(cString: $0) })
  }
  deinit {
    // A test that failed half-way may have left its guest.
    for process in Processes.all() where process.arguments.contains(where: { $0.hasPrefix(root + "/state/machines/") })
    {
      _ = Processes.signal(SIGKILL, process)
    }
    try? Files.removeTree(root)
  }

  /// A host whose state is here. The cache is one that all tests share, as kernels are large, unless another is named.
  func host(dryRun: Bool = false, path: String? = nil, cache: String = sharedCache) throws -> LocalHost {
    var environment = ["KDEVLUA_STATE": root + "/state", "KDEVLUA_CACHE": cache]
    environment["PATH"] = path ?? getenv("PATH").map { String(cString: $0) }
    return try LocalHost(options: .init(dryRun: dryRun, environment: environment), observer: observer)
  }
}

/// Where the tests keep what is expensive to make: the folder that `scripts/test` names, else the user's own cache.
let sharedCache: String = {
  if let path = getenv("KDEVLUA_CACHE") { return String(cString: path) }
  return (getenv("HOME").map { String(cString: $0) } ?? "/tmp") + "/.cache/kdevlua"
}()

/// Keeps the events.
final class Recorder: HostObserver {
  private let kept = Mutex<[HostEvent]>([])
  var events: [HostEvent] { kept.withLock { $0 } }
  func observe(_ event: HostEvent) { kept.withLock { $0.append(event) } }
  var planned: [String] { events.compactMap { if case .planned(let line) = $0 { line } else { nil } } }
  var notes: [String] { events.compactMap { if case .note(let text) = $0 { text } else { nil } } }
}

/// The repository's folder, found from this file.
let repository = String(#filePath.prefix(upTo: #filePath.range(of: "/Tests/HostTests/")!.lowerBound))

extension String {
  fileprivate func range(of part: String) -> Range<String.Index>? { firstRange(of: part) }
}

func guestScripts() throws -> GuestScripts {
  var files: [String: [UInt8]] = [:]
  for name in GuestScripts.names {
    files[name] = try Files.read(repository + "/stdlib/guest/" + name)
  }
  return GuestScripts(files: files, modules: try Files.text(repository + "/stdlib/guest/modules"))
}
