import Glibc

/// Where a program in the guest has its standard input from.
public enum GuestInput: Sendable {
  case none
  case bytes([UInt8])
  /// What the function gives, until it gives nil. It is asked when the guest has taken what was before.
  case chunks(@Sendable () async throws(HostError) -> [UInt8]?)

  /// From here on bytes go by a lane: the agent's shell reads its lines a byte at a time.
  private static let most = 4096

  var isStream: Bool {
    switch self {
    case .none: false
    case .bytes(let bytes): bytes.count > Self.most
    case .chunks: true
    }
  }

  /// The content of a file of the host.
  /// - Throws: `missing` or `permission`.
  public static func file(_ path: String) throws(HostError) -> GuestInput {
    let file = InputFile(descriptor: open(path, O_RDONLY | O_CLOEXEC))
    guard file.descriptor >= 0 else { throw .system("could not read \(path)", errno: errno) }
    return .chunks { () async throws(HostError) in try file.next(path) }
  }
}

/// A file that is closed when nobody reads it any more.
private final class InputFile: Sendable {
  let descriptor: Int32
  init(descriptor: Int32) { self.descriptor = descriptor }
  deinit { if descriptor >= 0 { close(descriptor) } }

  func next(_ path: String) throws(HostError) -> [UInt8]? {
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count >= 0 { return count == 0 ? nil : Array(chunk[..<count]) }
      guard errno == EINTR else { throw .system("could not read \(path)", errno: errno) }
    }
  }
}

/// What a program writes to its lane: what is between two marks.
private final class LaneChunks: ChunkSource {
  let lane: GuestLane
  let mark: [UInt8]
  private var rest: [UInt8] = []
  private var hasBegun = false
  private var hasEnded = false

  init(_ lane: GuestLane, _ mark: [UInt8]) {
    self.lane = lane
    self.mark = mark
  }

  func next() async throws(HostError) -> [UInt8]? {
    while !hasEnded {
      guard let chunk = try await lane.next() else { throw HostError(.guest, "the guest has ended") }
      rest = rest.isEmpty ? chunk : rest + chunk
      if !hasBegun {
        guard let begin = Self.find(mark, in: rest) else { continue }
        rest.removeFirst(begin + mark.count)
        hasBegun = true
      }
      let whole: Int
      if let end = Self.find(mark, in: rest) {
        hasEnded = true
        whole = end
      } else {
        whole = rest.count - unsure
      }
      guard whole > 0 else { continue }
      let taken = Array(rest[..<whole])
      rest.removeFirst(whole)
      return taken
    }
    return nil
  }

  /// How many of the last bytes may be the beginning of a mark.
  private var unsure: Int {
    var count = min(rest.count, mark.count - 1)
    while count > 0, !rest.suffix(count).elementsEqual(mark.prefix(count)) { count -= 1 }
    return count
  }

  private static func find(_ mark: [UInt8], in bytes: [UInt8]) -> Int? {
    bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, let first = mark.first else { return nil }
      var place = 0
      while place + mark.count <= bytes.count,
        let found = memchr(base + place, Int32(first), bytes.count - mark.count - place + 1)
      {
        place = UnsafeRawPointer(found) - base
        if memcmp(found, mark, mark.count) == 0 { return place }
        place += 1
      }
      return nil
    }
  }
}

/// A program in the guest whose input and outputs go by lanes.
struct GuestStreams: Sendable {
  let channel: any GuestControl
  let lanes: GuestLanes
  var input: GuestInput
  let output: OutputTarget
  let error: OutputTarget

  /// Which of the three go by a lane.
  private var uses: [Bool] { [input.isStream, output.needsLane, error.needsLane] }

  /// Whether lanes are needed at all.
  var isNeeded: Bool { input.isStream || output.isStream || error.isStream }

  /// Statuses that the script below ends with when it has not come to run the program. (A program's own are never taken for
  /// them: the script says so on its standard error, too.)
  private static let noLane = 121
  private static let heldLane = 122

  /// Opens the lanes, says the mark on them, and runs the program: MARK INPUT OUTPUT ERROR PROGRAM ..., each of the three a
  /// lane's number, "-" for what the agent gives, or "null"; ERROR may be "out".
  private static let script = """
    kd_lane() {
      for f in /sys/class/virtio-ports/*/name; do
        read -r n 2>/dev/null <"$f" && [ "$n" = "kdevlua.lane.$1" ] || continue
        f=${f%/name}
        port=/dev/${f##*/}
        return 0
      done
      echo "kdevlua-lane $1" >&2
      exit 121
    }
    kd_again() {
      tries=$((tries + 1))
      [ $tries -lt 100 ] || { echo "kdevlua-lane $1" >&2; exit 122; }
      sleep 0.02
    }
    mark=$1 in=$2 out=$3 err=$4 tries=0
    shift 4
    case $in in
    -) exec 7<&0 ;;
    *)
      kd_lane $in
      until { command exec 7<$port; } 2>/dev/null; do kd_again $in; done
      until IFS= read -r line <&7 && [ "$line" = "$mark" ]; do kd_again $in; done ;;
    esac
    case $out in
    -) exec 8>&1 ;;
    null) exec 8>/dev/null ;;
    *)
      kd_lane $out
      until { command exec 8>$port; } 2>/dev/null; do kd_again $out; done
      printf %s "$mark" >&8 ;;
    esac
    case $err in
    -) exec 9>&2 ;;
    null) exec 9>/dev/null ;;
    out) exec 9>&8 ;;
    *)
      kd_lane $err
      until { command exec 9>$port; } 2>/dev/null; do kd_again $err; done
      printf %s "$mark" >&9 ;;
    esac
    (
      command -v "$1" >/dev/null || { echo "kdevlua: $1: not found in the guest" >&9; exit 127; }
      exec "$@" <&7 >&8 2>&9 7<&- 8>&- 9>&-
    )
    status=$?
    case $out in [0-9]*) printf %s "$mark" >&8 ;; esac
    case $err in [0-9]*) printf %s "$mark" >&9 ;; esac
    exit $status
    """

  /// Runs the program to its end.
  /// - Throws: what the targets and the input throw, and then the program has been killed; else as ``GuestChannel/execute``.
  func execute(
    _ arguments: [[UInt8]], directory: [UInt8]?, environment: [(name: String, value: [UInt8])]
  ) async throws(HostError) -> GuestResult {
    guard isNeeded else {
      let bytes: [UInt8]? = if case .bytes(let bytes) = input { bytes } else { nil }
      return try await channel.execute(arguments, directory: directory, environment: environment, input: bytes)
    }
    // What was taken of the input for a lane that another program holds goes by the next one.
    let kept = KeptInput()
    var streams = self
    streams.input = kept.input(input)
    while true {
      do throws(HostError) {
        return try await streams.attempt(arguments, directory, environment)
      } catch {
        guard error == Self.held, kept.rewind() else { throw error }
        guard lanes.hasLanes(uses.count { $0 }) else {
          return try await streams.withoutLanes(arguments, directory, environment)
        }
      }
    }
  }

  private static let held = HostError(
    .busy, "programs in the guest hold too many of its lanes", hint: "end them, or have them close their outputs")

  private func attempt(
    _ arguments: [[UInt8]], _ directory: [UInt8]?, _ environment: [(name: String, value: [UInt8])]
  ) async throws(HostError) -> GuestResult {
    let taken: [(number: Int, lane: GuestLane)]
    do throws(HostError) { taken = try await lanes.take(uses.count { $0 }) } catch {
      guard error.code == .missing else { throw error }
      return try await withoutLanes(arguments, directory, environment)
    }
    var lost: Int?
    defer { lanes.giveBack(taken, lost: lost) }
    var left = taken[...]
    let own = uses.map { $0 ? left.popFirst() : nil }
    let mark = [1] + Array("kdev".utf8) + (0..<20).map { _ in UInt8.random(in: UInt8(ascii: "a")...UInt8(ascii: "z")) }
    let places = zip(own, ["-", output.placeInGuest, error.placeInGuest]).map { $0.map { "\($0.number)" } ?? $1 }
    let words =
      [Array("/bin/sh".utf8), Array("-c".utf8), Array(Self.script.utf8), Array("kdevlua".utf8), mark]
      + places.map { Array($0.utf8) } + arguments
    let result = try await run(words, directory, environment, own.map { $0?.lane }, mark)
    let said = String(decoding: result.error, as: UTF8.self).split(whereSeparator: { " \n".contains($0) })
    guard result.status == Self.noLane || result.status == Self.heldLane, said.count == 2, said[0] == "kdevlua-lane"
    else { return result }
    // The kernel has no virtio port, or a program that is still there holds it: then it is nobody else's any more.
    if result.status == Self.noLane { return try await withoutLanes(arguments, directory, environment) }
    lost = Int(said[1])
    throw Self.held
  }

  private enum Part: Sendable {
    case ended(Result<GuestResult, HostError>)
    case fed(HostError?)
    case delivered(HostError?)
    case late
  }

  private func run(
    _ words: [[UInt8]], _ directory: [UInt8]?, _ environment: [(name: String, value: [UInt8])],
    _ own: [GuestLane?], _ mark: [UInt8]
  ) async throws(HostError) -> GuestResult {
    let outcome = await withTaskGroup(of: Part.self) { group -> Result<GuestResult, HostError> in
      let bytes: [UInt8]? = if own[0] == nil, case .bytes(let bytes) = input { bytes } else { nil }
      group.addTask {
        do throws(HostError) {
          return .ended(
            .success(
              try await channel.execute(words, directory: directory, environment: environment, input: bytes)))
        } catch { return .ended(.failure(error)) }
      }
      if let lane = own[0] {
        group.addTask {
          do throws(HostError) { try await feed(lane, mark) } catch { return .fed(error) }
          return .fed(nil)
        }
      }
      var reading = 0
      for (lane, target, descriptor) in [(own[1], output, STDOUT_FILENO), (own[2], error, STDERR_FILENO)] {
        guard let lane else { continue }
        reading += 1
        group.addTask {
          let chunks = LaneChunks(lane, mark)
          // What is captured goes by no lane.
          do throws(HostError) { try await target.deliver(chunks, own: descriptor) } catch {
            return .delivered(error)
          }
          return .delivered(nil)
        }
      }
      defer { group.cancelAll() }
      var result: GuestResult?
      var failure: HostError?
      for await part in group {
        switch part {
        case .ended(.success(let ended)):
          result = ended
          // Killed with its script, it has said no mark. What it wrote before is on its way.
          if ended.status == 128 + Int(SIGKILL) || [Self.noLane, Self.heldLane].contains(ended.status) {
            let isRefused = ended.status != 128 + Int(SIGKILL)
            group.addTask {
              try? await Task.sleep(for: isRefused ? .milliseconds(50) : .seconds(1))
              return .late
            }
          }
        case .ended(.failure(let error)): return .failure(failure ?? error)
        case .delivered(nil): reading -= 1
        case .delivered(let error?), .fed(let error?):
          // The program is killed by the cancelled task that waits for it, and its end is waited for.
          if result == nil || failure == nil { failure = failure ?? error }
          group.cancelAll()
          if result != nil { return .failure(error) }
        case .fed(nil): break
        case .late: reading = 0
        }
        if let result, reading == 0, failure == nil { return .success(result) }
      }
      return .failure(failure ?? .cancelled)
    }
    return try outcome.get()
  }

  /// Writes the mark and the input. A program may end without having read all of it.
  private func feed(_ lane: GuestLane, _ mark: [UInt8]) async throws(HostError) {
    do throws(HostError) {
      try await lane.write(mark + [UInt8(ascii: "\n")])
      switch input {
      case .none: break
      case .bytes(let bytes): try await lane.write(bytes)
      case .chunks(let next): while let chunk = try await next() { try await lane.write(chunk) }
      }
      try await lane.finish()
    } catch {
      // A connection that ends says nothing that the program's own end does not say.
      if error.code == .system, error.message.hasPrefix("a connection failed") { return }
      throw error
    }
  }

  /// The same where the guest has no virtio ports: all at once, and by the agent's lines.
  private func withoutLanes(
    _ arguments: [[UInt8]], _ directory: [UInt8]?, _ environment: [(name: String, value: [UInt8])]
  ) async throws(HostError) -> GuestResult {
    var bytes: [UInt8]?
    switch input {
    case .none: break
    case .bytes(let all): bytes = all
    case .chunks(let next):
      var all: [UInt8] = []
      while let chunk = try await next() { all += chunk }
      bytes = all
    }
    var result = try await channel.execute(arguments, directory: directory, environment: environment, input: bytes)
    if case .standardOutput = error {
      result.output += result.error
      result.error = []
    } else {
      if error.isStream {
        try await error.deliver(WholeChunk(result.error), own: STDERR_FILENO)
        result.error = []
      }
    }
    if output.isStream {
      try await output.deliver(WholeChunk(result.output), own: STDOUT_FILENO)
      result.output = []
    }
    return result
  }
}

/// What is there already, as one piece.
private final class WholeChunk: ChunkSource {
  private var bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func next() async throws(HostError) -> [UInt8]? {
    defer { bytes = [] }
    return bytes.isEmpty ? nil : bytes
  }
}

extension OutputTarget {
  fileprivate var needsLane: Bool {
    switch self {
    case .capture, .discard, .standardOutput: false
    case .inherit, .lines, .chunks, .file: true
    }
  }
  /// As the script takes it, where no lane is taken.
  fileprivate var placeInGuest: String {
    switch self {
    case .discard: "null"
    case .standardOutput: "out"
    default: "-"
    }
  }
}
