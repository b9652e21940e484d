/// What runs on another machine first, in its `sh`: finds a kdevlua that speaks this one's language, or takes a copy of this one,
/// and becomes it. All over the one connection.
///
/// It says lines that begin with a mark, so that whatever a shell's start-up files print is passed over:
///
/// | Line | What it means |
/// | --- | --- |
/// | `ready PROGRAM` | it becomes that one now |
/// | `copy SYSTEM PROCESSOR` | there is none: it reads a line with a size, then so many bytes of an archive |
/// | `folder`, `unfit`, `full`, `broken` | the end, and why |
enum RemoteStart {
  static let mark = "kdevlua-remote"

  /// - Parameters:
  ///   - program: the path of the kdevlua to take; nil looks for one.
  ///   - folder: where to go first; nil is the home folder.
  ///   - arguments: those of kdevlua; empty says only which program there is.
  static func command(program: String?, folder: String?, _ arguments: [String]) -> [String] {
    ["sh", "-c", script, mark, "\(RemoteProgram.protocolNumber)", RemoteProgram.key, program ?? "", folder ?? ""]
      + arguments
  }

  private static let script = #"""
    protocol=$1 key=$2 wanted=$3 folder=$4
    shift 4
    say() { printf "%s %s\n" "$0" "$*"; }
    fits() { [ "$("$1" serve --protocol 2>/dev/null </dev/null)" = "$protocol" ]; }
    become() {
      say ready "$1"
      [ $# -gt 1 ] || exit 0
      exec "$@"
    }
    if [ -n "$folder" ]; then cd -- "$folder" || { say folder; exit 1; }; fi
    if [ -n "$wanted" ]; then
      fits "$wanted" && become "$wanted" "$@"
      say unfit "$wanted $("$wanted" --version 2>&1 </dev/null | head -n 1)"
      exit 1
    fi
    for program in kdevlua "$HOME/.local/bin/kdevlua" /usr/local/bin/kdevlua; do
      fits "$program" && become "$program" "$@"
    done
    own=${KDEVLUA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kdevlua}/programs/$key
    if ! [ -x "$own/kdevlua" ]; then
      say copy "$(uname -s -m)"
      read -r size || exit 1
      new=$own.partial-$$
      mkdir -p "$new" && head -c "$size" | tar -xzo -f - -C "$new" || { rm -rf "$new"; say full; exit 1; }
      # Another may have come first.
      mv -T "$new" "$own" 2>/dev/null || rm -rf "$new"
    fi
    fits "$own/kdevlua" && become "$own/kdevlua" "$@"
    say broken "$own/kdevlua"
    "$own/kdevlua" serve --protocol </dev/null >&2
    exit 1
    """#
}

/// Talks with ``RemoteStart`` until kdevlua is there.
struct RemoteStartDialogue {
  let host: LocalHost
  let address: RemoteAddress
  /// The program that the user named.
  let program: String?
  let folder: String?

  /// - Returns: the program that the other machine now is, or would become.
  /// - Throws: `connection` and `permission` as ssh fails, `missing` when the other machine has no such folder or cannot run a
  ///   copy of this program, `conflict` when the program named is another version.
  func run(with process: ChildProcess, _ errors: RemoteErrors) async throws(HostError) -> String {
    while let line = try await nextLine(process) {
      let words = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 2).map(String.init)
      guard words.count > 1, words[0] == RemoteStart.mark else { continue }
      let rest = words.count > 2 ? words[2] : ""
      switch words[1] {
      case "ready": return rest
      case "copy": try await copy(to: rest, process)
      default:
        let result = try? await process.wait()
        throw refusal(words[1], rest, status: result?.status, errors.text)
      }
    }
    let result = try await process.wait()
    throw address.failure(status: result.status, errors.text)
  }

  private func nextLine(_ process: ChildProcess) async throws(HostError) -> [UInt8]? {
    // ssh has limits of its own for a machine that does not answer; this is for one whose shell does not.
    try await withTimeLimit(.seconds(120), "\(address.destination) did not start kdevlua") {
      () async throws(HostError) in try await process.line()
    }
  }

  private func copy(to machine: String, _ process: ChildProcess) async throws(HostError) {
    if host.isDryRun {
      throw HostError(
        .missing, "\(address.destination) has no kdevlua, and a dry run copies none",
        hint: "run it once without --dry-run, or install kdevlua there")
    }
    guard machine == RemoteProgram.machine else {
      throw HostError(
        .missing, "\(address.destination) has no kdevlua, and is another sort of machine: \(machine)",
        hint: "install kdevlua there; this program is for \(RemoteProgram.machine)")
    }
    try await host.step("copy kdevlua to \(address.destination)") { step async throws(HostError) in
      let archive = try await host.packProgram()
      step.detail("\(archive.count >> 20) MiB")
      // When it ends meanwhile, its own words tell why.
      try? await process.write(Array("\(archive.count)\n".utf8) + archive)
    }
  }

  private func refusal(_ word: String, _ rest: String, status: Int?, _ text: String) -> HostError {
    let box = address.destination
    func error(_ code: HostError.Code, _ message: String, _ hint: String?) -> HostError {
      HostError(code, message, hint: hint, status: status, detail: text)
    }
    switch word {
    case "folder": return error(.missing, "there is no folder \(folder ?? "") on \(box)", nil)
    case "unfit":
      return error(
        .conflict, "\(rest) on \(box) is no kdevlua that speaks protocol \(RemoteProgram.protocolNumber)",
        "install this version there, or leave `program` out: a copy of this program goes there then")
    case "full":
      return error(
        .system, "could not copy kdevlua to \(box)", "is there room in its ~/.cache, and are tar and gzip installed?")
    case "broken":
      return error(
        .missing, "a copy of this program does not run on \(box)",
        "its C library may be older than that of this machine: install kdevlua there from source")
    default: return error(.connection, "\(box) answers \"\(word)\", which is unknown here", nil)
    }
  }
}
