/// A kernel's source in git, as it is wanted.
public struct KernelRepository: Sendable {
  /// The repository's folder; it is made when it is not there.
  public var path: String
  /// Names and addresses.
  public var remotes: [(name: String, address: String)] = Self.documented
  /// A branch (`ceph/testing`), a tag (`v6.1`) or a commit; nil leaves what is checked out, and in a new repository is
  /// torvalds/master.
  public var checkout: String?
  /// Asks the servers for what is new. Without it, only for what is not there.
  public var fetches = true
  /// How many commits of the history; nil is all.
  public var depth: Int?
  /// Files come when they are looked at (`--filter=blob:none`).
  public var isBlobless = false
  /// A second folder of the same repository, with its own checkout.
  public var worktree: String?

  /// The remotes of the document.
  public static let documented = [
    ("torvalds", "git://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git"),
    ("ceph", "https://github.com/ceph/ceph-client.git"),
  ]

  public init(path: String) { self.path = path }

  /// The remote and the branch of `ceph/testing`; nil for a tag, a commit or a branch of one's own.
  var remoteBranch: (remote: String, branch: String)? {
    guard let checkout, let slash = checkout.firstIndex(of: "/"),
      remotes.contains(where: { $0.name == checkout[..<slash] })
    else { return nil }
    return (String(checkout[..<slash]), String(checkout[slash...].dropFirst()))
  }
}

extension LocalHost {
  /// Brings a kernel's source by git as in the document: `git init`, `git remote add`, `git fetch`, `git checkout`. What is
  /// there is kept: a repository, its remotes, commits, and changes that are not committed.
  /// - Returns: the folder of the source: the worktree, if one was asked for.
  /// - Throws: `conflict` when a remote has another address, `missing` for what no remote has, `command` with git's words.
  public func kernelSource(_ wanted: KernelRepository) async throws(HostError) -> KernelTree {
    let path = Files.absolute(wanted.path)
    for text in [wanted.checkout].compactMap(\.self) + wanted.remotes.map(\.name) + wanted.remotes.map(\.address)
    where text.hasPrefix("-") || text.isEmpty {
      throw HostError(.invalid, "\"\(text)\" is no name or address for git")
    }
    return try await step("source \(Files.name(of: path))") { step async throws(HostError) in
      let isNew = !Files.exists(path + "/.git")
      let hadFolder = Files.isFolder(path)
      if isNew {
        if Files.isFolder(path), let first = try Files.list(path).first {
          throw HostError(
            .conflict, "\(path) is there already and is no git repository: it holds \(first)",
            hint: "choose another path, or give it as a tree")
        }
        try await require(.change("git", "init", "--quiet", path), to: "make the repository \(path)")
      }
      let lock = isDryRun ? nil : try await FileLock.acquire(gitFolder(of: path) + "/kdevlua.lock")
      defer { withExtendedLifetime(lock) {} }
      do throws(HostError) {
        return try await bring(wanted, in: path, step)
      } catch {
        // A repository that nothing came into looks like a source to whoever comes next, and is none.
        if isNew, !isDryRun, Self.isEmptyRepository(path) {
          try? Files.removeTree(path + "/.git")
          if !hadFolder, (try? Files.list(path).isEmpty) == true { try? Files.removeTree(path) }
        }
        throw error
      }
    }
  }

  /// Brings what is wanted into a repository that is there.
  private func bring(
    _ wanted: KernelRepository, in path: String, _ step: Step
  ) async throws(HostError) -> KernelTree {
    try await addRemotes(of: wanted, in: path)
    let before = await commit("HEAD", in: path)
    var target = wanted.checkout
    let first = wanted.remotes.first { $0.name == "torvalds" } ?? wanted.remotes.first
    if target == nil, before == nil, let first { target = first.name + "/master" }
    var request = wanted
    request.checkout = target
    if let target {
      try await fetch(request, in: path, step)
      let isThere = await commit(target, in: path) != nil
      guard isDryRun || isThere else {
        throw HostError(
          .missing, "no remote of \(path) has \(target)",
          hint: "a branch is REMOTE/BRANCH; the remotes are \(wanted.remotes.map(\.name).joined(separator: ", "))")
      }
    }
    let folder = try await checkOut(target, worktree: wanted.worktree, in: path, step)
    if isDryRun { return KernelTree(planned: folder) }
    return try KernelTree(path: folder)
  }

  /// Whether a repository has no branch, no tag, and no commit that was fetched without one. Without git, which does not
  /// run any more in a set-up that is being cancelled.
  private static func isEmptyRepository(_ path: String) -> Bool {
    let git = path + "/.git"
    return !hasFile(git + "/refs") && !Files.exists(git + "/packed-refs") && (Files.size(git + "/FETCH_HEAD") ?? 0) == 0
  }

  private static func hasFile(_ folder: String) -> Bool {
    guard let names = try? Files.list(folder) else { return false }
    return names.contains { !Files.isFolder("\(folder)/\($0)") || hasFile("\(folder)/\($0)") }
  }

  /// The folder that git keeps its own in; a worktree has a file that names it.
  private func gitFolder(of path: String) -> String {
    guard !Files.isFolder(path + "/.git"), let text = try? Files.text(path + "/.git") else { return path + "/.git" }
    return String(text.dropFirst("gitdir: ".count).prefix { !$0.isNewline })
  }

  private func git(_ path: String, _ arguments: [String], to purpose: String) async throws(HostError) {
    var command = Command.change(["git", "-C", path] + arguments)
    command.environment = Self.quietGit
    try await require(command, to: purpose)
  }

  private func commit(_ name: String, in path: String) async -> String? {
    let command = Command.query(
      "git", "-C", path, "rev-parse", "--quiet", "--verify", "--end-of-options", name + "^{commit}")
    guard let result = try? await run(command), result.succeeded else { return nil }
    return String(result.outputText.prefix { !$0.isNewline })
  }

  private func addRemotes(of wanted: KernelRepository, in path: String) async throws(HostError) {
    for (name, address) in wanted.remotes {
      let known = try await run(.query("git", "-C", path, "config", "--get", "remote.\(name).url"))
      let found = String(known.outputText.prefix { !$0.isNewline })
      if known.succeeded, !found.isEmpty {
        guard found == address else {
          throw HostError(
            .conflict, "the remote \(name) of \(path) is \(found), wanted is \(address)",
            hint: "git -C \(ShellText.quote(path)) remote set-url \(name) \(ShellText.quote(address))")
        }
        continue
      }
      try await git(path, ["remote", "add", "--", name, address], to: "add the remote \(name)")
    }
  }

  /// Fetches what is to be checked out: a remote's branch, or a tag or commit from the first remote that has it.
  private func fetch(_ wanted: KernelRepository, in path: String, _ step: Step) async throws(HostError) {
    guard let target = wanted.checkout else { return }
    let isKnown = await commit(target, in: path) != nil
    var options = ["fetch", "--progress"]
    if let depth = wanted.depth { options += ["--depth", String(depth)] }
    if wanted.isBlobless { options.append("--filter=blob:none") }
    if let (remote, branch) = wanted.remoteBranch {
      if isKnown, !wanted.fetches { return }
      // All branches, as the document does; of a part of the history only the one that is wanted.
      let what = wanted.depth == nil ? [] : ["+refs/heads/\(branch):refs/remotes/\(remote)/\(branch)"]
      try await runFetch(options + ["--", remote] + what, in: path, step)
      return
    }
    if isKnown { return }
    let isCommit = target.count >= 40 && target.allSatisfy(\.isHexDigit)
    var failure: HostError?
    for (remote, _) in wanted.remotes {
      let what = wanted.depth == nil ? [] : [isCommit ? target : "+refs/tags/\(target):refs/tags/\(target)"]
      do throws(HostError) {
        try await runFetch(options + (wanted.depth == nil ? ["--tags"] : []) + ["--", remote] + what, in: path, step)
      } catch {
        guard error.code == .command else { throw error }
        failure = error
      }
      if await commit(target, in: path) != nil { return }
    }
    if let failure { throw failure }
  }

  private func runFetch(_ arguments: [String], in path: String, _ step: Step) async throws(HostError) {
    var command = Command.change(["git", "-C", path] + arguments)
    command.environment = Self.quietGit
    let words = Words()
    // "Receiving objects:  12% (1/8)": the last of the lines that replace each other.
    command.error = .chunks { bytes in
      words.add(bytes)
      if let last = bytes.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A }).last {
        step.progress(String(decoding: last, as: UTF8.self).trimmed)
      }
    }
    var result = try await run(command)
    if !result.succeeded {
      result.error = words.bytes
      throw failure(of: command, result, to: "fetch the source")
    }
  }

  /// Checks out without a branch of one's own, unless that is what was asked for.
  private func checkOut(
    _ target: String?, worktree: String?, in path: String, _ step: Step
  ) async throws(HostError) -> String {
    let folder = worktree.map { Files.absolute($0) } ?? path
    if let worktree, !Files.exists(folder + "/.git") {
      try await git(
        path, ["worktree", "add", "--quiet", "--detach", folder] + [target ?? "HEAD"],
        to: "make the worktree \(worktree)")
      step.detail("\(target ?? "HEAD") in \(folder)")
      return folder
    }
    guard let target else {
      step.adopted("as it is checked out")
      return folder
    }
    let head = await commit("HEAD", in: folder)
    let wanted = await commit(target, in: path)
    if head != nil, head == wanted {
      step.adopted("\(target), \(head?.prefix(12) ?? "")")
      return folder
    }
    let own = try await run(.query("git", "-C", path, "show-ref", "--verify", "--quiet", "refs/heads/\(target)"))
    try await git(
      folder, ["checkout", "--quiet"] + (own.succeeded ? [target] : ["--detach", target]), to: "check out \(target)")
    step.detail("\(target), \(wanted?.prefix(12) ?? "")")
    return folder
  }
}

extension String {
  fileprivate var trimmed: String { String(drop { $0 == " " }) }
}
