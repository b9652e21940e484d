/// The name of a branch that may be one.
public struct BranchName: Sendable, Equatable, CustomStringConvertible {
  public let text: String
  public var description: String { text }

  /// Checks a name by git-check-ref-format(1), for a branch.
  /// - Throws: `invalid`.
  public init(_ text: String) throws(HostError) {
    let isBroken =
      text.isEmpty || text == "@" || text == "HEAD" || text.hasPrefix("-") || text.hasPrefix("/") || text.hasSuffix("/")
      || text.hasSuffix(".") || text.contains("//") || text.contains("..") || text.contains("@{")
      || text.unicodeScalars.contains { $0.value < 0x21 || $0.value == 0x7F || "~^:?*[\\".unicodeScalars.contains($0) }
      || text.split(separator: "/").contains { $0.hasPrefix(".") || $0.hasSuffix(".lock") }
    guard !isBroken else {
      throw HostError(
        .invalid, "\"\(text)\" cannot be the name of a branch",
        hint: "letters, digits, - and / will do, as in wip-fix; the rules are in git-check-ref-format(1)")
    }
    self.text = text
  }
}

/// What a push brought where.
public struct PushedBranch: Sendable, Equatable {
  public var branch: String
  public var commit: String
  /// The name or the address of the repository.
  public var remote: String
}

extension LocalHost {
  /// git never asks: there may be nobody at the terminal.
  static let quietGit = ["GIT_TERMINAL_PROMPT": "0"]

  /// Pushes the commit that is checked out as a branch that the lab builds a kernel of: `git push REMOTE HEAD:refs/heads/BRANCH`.
  /// - Parameters:
  ///   - folder: the kernel's repository.
  ///   - remote: the name or address of ceph-client; nil is the remote whose address has that name.
  ///   - isForced: overwrites a branch whose commits are not in this one, as long as nobody else has pushed to it since it
  ///     was fetched: `--force-with-lease`. Of an address nothing was fetched: there it is since now.
  ///   - allowsTesting: the branch may be `testing`, which the lab runs for everybody.
  /// - Throws: `invalid` for a name that is none, `permission` for master, main, for-linus, and testing unless allowed,
  ///   `missing` when there is no such remote, `command` when git fails.
  public func pushBranch(
    of folder: String, as branch: BranchName, to remote: String? = nil, isForced: Bool = false,
    allowsTesting: Bool = false
  ) async throws(HostError) -> PushedBranch {
    try Self.checkMayPush(branch, allowsTesting: allowsTesting)
    if let remote, remote.hasPrefix("-") || remote.isEmpty {
      throw HostError(.invalid, "\"\(remote)\" is no remote")
    }
    let head = try await require(
      .query("git", "-C", folder, "rev-parse", "--verify", "HEAD^{commit}"), to: "read the commit of \(folder)")
    let commit = head.outputText.filter { !$0.isNewline }
    let target: String
    if let remote { target = remote } else { target = try await cephClient(of: folder) }
    let force = isForced ? [try await lease(of: branch, at: target, from: folder)] : []
    var command = Command.change(
      ["git", "-C", folder, "push"] + force
        + ["--", target, "\(commit):refs/heads/\(branch)"])
    command.environment = Self.quietGit
    let result = try await run(command)
    guard result.succeeded else {
      let words = result.errorText
      var hint: String?
      if words.contains("stale info") {
        hint = "somebody else pushed to it since it was fetched: git -C \(ShellText.quote(folder)) fetch \(target)"
      } else if words.contains("non-fast-forward") || words.contains("fetch first") {
        hint = "the branch has other commits; `force = true` overwrites them"
      }
      throw failure(of: command, result, to: "push \(branch)", hint: hint)
    }
    return PushedBranch(branch: branch.text, commit: commit, remote: target)
  }

  /// The option that overwrites a branch. git knows what it last saw of a remote's branch, and nothing of an address's.
  private func lease(of branch: BranchName, at target: String, from folder: String) async throws(HostError) -> String {
    let remotes = try await require(.query("git", "-C", folder, "remote"), to: "list the remotes of \(folder)")
    if remotes.outputText.split(separator: "\n").contains(Substring(target)) { return "--force-with-lease" }
    // No commit means that there must be no such branch (git-push(1)).
    let commit = try await remoteCommit(of: branch, in: target) ?? ""
    return "--force-with-lease=refs/heads/\(branch):\(commit)"
  }

  /// What the lab and Linus take from is not for a script to push to.
  private static func checkMayPush(_ branch: BranchName, allowsTesting: Bool) throws(HostError) {
    let name = branch.text.lowercased()
    if ["master", "main"].contains(name) || name.hasPrefix("for-linus") {
      throw HostError(.permission, "kdevlua never pushes to \(branch)", hint: "push a branch of your own: wip-NAME")
    }
    if name == "testing", !allowsTesting {
      throw HostError(
        .permission, "testing is the kernel that the lab runs for everybody",
        hint: "push a branch of your own: wip-NAME; if you maintain testing, allow_testing = true")
    }
  }

  /// The remote of a repository that is ceph-client.
  private func cephClient(of folder: String) async throws(HostError) -> String {
    let remotes = try await require(.query("git", "-C", folder, "remote", "-v"), to: "list the remotes of \(folder)")
    for line in remotes.outputText.split(separator: "\n") {
      let words = line.split { $0 == "\t" || $0 == " " }
      guard words.count == 3, words[2] == "(push)" else { continue }
      var address = words[1]
      while address.hasSuffix("/") { address.removeLast() }
      if address.hasSuffix(".git") { address.removeLast(4) }
      if address.split(whereSeparator: { $0 == "/" || $0 == ":" }).last == "ceph-client" { return String(words[0]) }
    }
    throw HostError(
      .missing, "\(folder) has no remote that is ceph-client",
      hint: "git -C \(ShellText.quote(folder)) remote add ceph-client git@github.com:ceph/ceph-client.git")
  }

  /// The commit of a branch, or else of a tag, in a repository elsewhere: `git ls-remote`.
  /// - Returns: nil when it has neither.
  /// - Throws: `command` when the repository cannot be read.
  public func remoteCommit(of branch: BranchName, in repository: String) async throws(HostError) -> String? {
    var command = Command.query(
      "git", "ls-remote", "--", repository, "refs/heads/\(branch)", "refs/tags/\(branch)", "refs/tags/\(branch)^{}")
    command.environment = Self.quietGit
    let result = try await require(command, to: "read the branches of \(repository)")
    var found: [String: String] = [:]
    for line in result.outputText.split(separator: "\n") {
      let words = line.split(separator: "\t")
      if words.count == 2 { found[String(words[1])] = String(words[0]) }
    }
    return found["refs/heads/\(branch)"] ?? found["refs/tags/\(branch)^{}"] ?? found["refs/tags/\(branch)"]
  }

  /// A folder with a commit of a repository: one that is there, or a new clone of that commit alone.
  /// - Parameters:
  ///   - subfolder: what of it is needed.
  ///   - branch: where the commit is found, when the server gives out no commit by its number.
  /// - Throws: `command` when git fails; what was begun is removed.
  public func checkout(
    _ commit: String, of repository: String, branch: BranchName?, subfolder: String
  ) async throws(HostError) -> String {
    let isCommit = commit.count >= 7 && commit.allSatisfy { $0.isHexDigit && $0.isASCII }
    guard isCommit else { throw HostError(.invalid, "\"\(commit)\" is no commit") }
    let folder = state.cache + "/suites/" + commit
    if Files.exists(folder + "/.git/kdevlua-complete") { return folder }
    return try await step("fetch \(subfolder) of \(repository)") { (step) async throws(HostError) in
      try Files.makeFolder(Files.folder(of: folder))
      let lock = try await FileLock.acquire(folder + ".lock")
      defer { withExtendedLifetime(lock) {} }
      if Files.exists(folder + "/.git/kdevlua-complete") { return folder }
      if Files.exists(folder) { try Files.removeTree(folder) }
      func git(_ arguments: String...) async throws(HostError) -> CommandResult {
        var command = Command.query(["git"] + arguments)
        command.environment = Self.quietGit
        return try await run(command)
      }
      func need(_ result: CommandResult) throws(HostError) {
        guard result.succeeded else {
          throw HostError(
            .command, "could not fetch \(commit) of \(repository)", status: result.status, detail: result.errorText)
        }
      }
      do throws(HostError) {
        try need(try await git("init", "--quiet", folder))
        if !subfolder.isEmpty {
          try need(try await git("-C", folder, "sparse-checkout", "set", "--no-cone", "--", "/\(subfolder)/"))
        }
        try need(try await git("-C", folder, "remote", "add", "--", "origin", repository))
        var fetched = try await git(
          "-C", folder, "fetch", "--quiet", "--depth", "1", "--filter=blob:none", "origin", commit)
        if !fetched.succeeded, let branch {
          fetched = try await git("-C", folder, "fetch", "--quiet", "origin", "refs/heads/\(branch)")
        }
        try need(fetched)
        try need(try await git("-C", folder, "checkout", "--quiet", "--detach", commit))
        try Files.write([], to: folder + "/.git/kdevlua-complete")
      } catch {
        try? Files.removeTree(folder)
        throw error
      }
      step.detail(String(commit.prefix(12)))
      return folder
    }
  }
}
