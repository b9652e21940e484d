import Glibc
import Suite
import SuiteScripts
import Synchronization

/// `scripts/fuzz yaml|fragments|scripts`: changes real fragments at random, and reads, merges and runs what comes of it. A crash
/// ends it by itself, and what takes too long by a watchdog, which names the seed.
@main struct SuiteFuzz {
  enum Kind: String { case yaml, fragments, scripts }

  private static let current = Mutex((seed: UInt64(0), began: ContinuousClock.now))

  static func main() {
    let words = Array(CommandLine.arguments.dropFirst())
    guard words.count > 1, let kind = Kind(rawValue: words[0]), let seconds = Int(words[1]) else {
      fatalError("suite-fuzz yaml|fragments|scripts SECONDS [SEED], and the names of fragments on standard input")
    }
    let single = words.count > 2 ? UInt64(words[2]) : nil
    var texts: [String] = []
    while let path = readLine() { if let text = read(path) { texts.append(text) } }
    let corpus = Corpus(texts)
    var seed = single ?? UInt64(time(nil)) << 20
    watch(kind)
    let end = ContinuousClock.now + .seconds(seconds)
    var counts = (all: 0, sound: 0)
    repeat {
      current.withLock { $0 = (seed, ContinuousClock.now) }
      var mutation = Mutation(seed: seed, corpus)
      let round = Round(shows: single != nil)
      let isSound =
        switch kind {
        case .yaml: round.read(mutation.fragment(most: 6))
        case .fragments: round.merge((0..<3).map { _ in mutation.fragment(most: 1) })
        case .scripts: round.merge(["a: [{b: 2}]\nl: [x, [1], ~]\n", mutation.script()])
        }
      counts = (counts.all + 1, counts.sound + (isSound ? 1 : 0))
      seed += 1
    } while single == nil && ContinuousClock.now < end
    print("\(counts.all) times \(kind.rawValue), \(counts.sound) without an error, the last of seed \(seed - 1)")
  }

  private static func read(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  /// Ends the program when one round takes too long: a script may run for ten seconds, and a job has a few.
  private static func watch(_ kind: Kind) {
    let name = kind.rawValue
    let watcher = Watcher(name)
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        let watcher = Unmanaged<Watcher>.fromOpaque(context).takeRetainedValue()
        while true {
          sleep(1)
          let (seed, began) = SuiteFuzz.current.withLock { $0 }
          if ContinuousClock.now - began > .seconds(60) {
            fatalError("seed \(seed) does not end: scripts/fuzz \(watcher.kind) 1 \(seed)")
          }
        }
      }, Unmanaged.passRetained(watcher).toOpaque())
    pthread_detach(thread)
  }

  private final class Watcher {
    let kind: String
    init(_ kind: String) { self.kind = kind }
  }
}

/// What is done with a changed text.
struct Round {
  /// Whether the text is printed first.
  let shows: Bool

  /// Reads it, and reads again what is written of it.
  func read(_ text: String) -> Bool {
    if shows { show(text) }
    guard let value = try? YAMLValue(yaml: text) else { return false }
    let written = value.yaml
    guard let again = try? YAMLValue(yaml: written) else { fatalError("cannot be read again:\n\(written)") }
    // Not a number is not equal to itself.
    guard again == value || written.contains(".nan") else { fatalError("reads as something else:\n\(written)") }
    return true
  }

  /// Merges them into a job, twice, and writes it in every form.
  func merge(_ texts: [String]) -> Bool {
    for text in texts where shows { show(text) }
    var setup = MergeSetup(base: ["kernel": ["branch": "wip", "kdb": 1], "tasks": [["a": 1]], "os_type": "ubuntu"])
    setup.filters.none = ["nothing"]
    // What stdlib/fragments ask for.
    setup.globals = ["host": ["programs": [:]], "asked": [:]]
    guard let merge = try? FragmentMerge(setup, scripts: LuaScripts()) else { return false }
    let trace = MergeTrace(for: merge)
    let fragments = texts.enumerated().map { merge.add(path: "/suites/s/\($0.offset).yaml", text: $0.element) }
    var isSound = true
    for turn in 0..<2 {
      merge.trace = turn == 1 ? trace : nil
      let outcome = Result { try merge.merge(text: Array("{0 1 2}".utf8), fragments: fragments) }
      isSound = (try? outcome.get()) != nil
      if case .failure(let error) = outcome, shows { print(error) }
      if turn == 1 { _ = JobExplanation(merge, trace, outcome.mapError { $0 as any Error }, folder: "/suites/s").text }
      guard isSound else { continue }
      var output = ByteBuffer()
      try? merge.appendJSON(to: &output, relativeTo: "/suites/s")
      if let value = try? merge.value() { _ = value.yaml }
    }
    return isSound
  }

  private func show(_ text: String) {
    print("---\n\(text)")
    fflush(nil)
  }
}
