import Glibc

extension Machine {
  /// Copies a file or a folder with all in it into the guest, by tar(1) on both sides: modes, times and symbolic links come
  /// along; there it all belongs to root.
  /// - Parameters:
  ///   - local: on this host. What a link points at is copied, for a link given here.
  ///   - remote: in the guest. One that ends with "/" is the folder that it is put into, under its own name; the folders
  ///     above are made. A file there is replaced when all of the new one has come; a folder is added to.
  /// - Throws: `missing` when there is nothing at `local`, `command` when the guest refuses it, such as for a full disk.
  public func push(_ local: String, to remote: String, timeLimit: Duration? = nil) async throws(HostError) {
    guard let path = Files.resolve(local) else {
      throw HostError(.missing, "there is no file or folder \(local)")
    }
    let isFolder = Files.isFolder(path)
    let own = Files.name(of: Files.absolute(local))
    let target = try Self.target(remote, own)
    try await host.step("push \(own) to \(name)") { step async throws(HostError) in
      var pack = Command.query(["tar", "-C", isFolder ? path : Files.folder(of: path), "--owner=0", "--group=0"])
      pack.arguments += ["--numeric-owner", "-cf", "-", "--", isFolder ? "." : Files.name(of: path)]
      let script = isFolder ? Self.unpackFolder : Self.unpackFile
      let unpack = ["/bin/sh", "-c", script, "push", target, Files.name(of: path)]
      if host.isDryRun {
        let line = "\(ShellText.line(pack.arguments)) | \(inGuest(ShellText.line(unpack), readsInput: true))"
        return host.observer.observe(.planned(line))
      }
      let packing = ChildProcess(host, pack, timeLimit: nil, pipesInput: false)
      let result = try await beside(packing) { () async throws(HostError) in
        try await self.execute(
          unpack.map { Array($0.utf8) },
          input: .chunks { () async throws(HostError) in try await packing.read(1 << 18) }, timeLimit: timeLimit)
      }
      try check(result, "put \(local) at \(target)")
      step.detail("at \(target)")
    }
  }

  /// Copies a file or a folder out of the guest; as ``push(_:to:timeLimit:)``. On the host it belongs to the caller.
  /// - Parameters:
  ///   - remote: in the guest.
  ///   - local: on this host.
  /// - Throws: `command` when there is nothing at `remote`, or the host cannot write it, and then a file that was at `local`
  ///   is as it was.
  public func pull(_ remote: String, to local: String, timeLimit: Duration? = nil) async throws(HostError) {
    let own = Files.name(of: Files.absolute(remote))
    let target = Files.absolute(try Self.target(local, own))
    try await host.step("pull \(own) from \(name)") { step async throws(HostError) in
      if host.isDryRun {
        let pack = ShellText.line(["tar", "-C", Files.folder(of: remote), "-cf", "-", Files.name(of: remote)])
        return host.observer.observe(
          .planned("\(inGuest(pack)) | " + ShellText.line(["tar", "-C", Files.folder(of: target), "-xf", "-"])))
      }
      let kind = try await execute(
        ["/bin/sh", "-c", "[ -d \"$1\" ] && echo folder || [ -f \"$1\" ] && echo file", "pull", remote].map {
          Array($0.utf8)
        }, timeLimit: timeLimit)
      guard kind.status == 0 else {
        throw HostError(.missing, "there is no file or folder \(remote) in the guest \(name)")
      }
      let isFolder = kind.output.starts(with: Array("folder".utf8))
      let above = Files.folder(of: target)
      try Files.makeFolder(above)
      // A file is unpacked beside its place, and moved there when it is whole.
      let place = isFolder ? target : "\(above)/.kdevlua-\(UInt32.random(in: 0 ... .max))"
      try Files.makeFolder(place)
      do throws(HostError) {
        try await unpack(remote, isFolder, to: place, timeLimit)
        if !isFolder, rename(place + "/" + own, target) != 0 {
          throw .system("could not write \(target)", errno: errno)
        }
      } catch {
        if !isFolder { try Files.removeTree(place) }
        throw error
      }
      if !isFolder { try Files.removeTree(place) }
      step.detail("at \(target)")
    }
  }

  private func unpack(
    _ remote: String, _ isFolder: Bool, to place: String, _ timeLimit: Duration?
  ) async throws(HostError) {
    let owner = host.isRoot ? ["--no-same-owner"] : []
    let unpack = Command.change(["tar", "-C", place, "--preserve-permissions"] + owner + ["-xf", "-"])
    let unpacking = ChildProcess(host, unpack, timeLimit: nil, pipesInput: true)
    let (folder, file) = isFolder ? (remote, ".") : (Files.folder(of: remote), Files.name(of: remote))
    let result = try await beside(unpacking) { () async throws(HostError) in
      let result = try await self.execute(
        // A link that is given itself is followed, as it is on the host.
        [
          "/bin/sh", "-c", "cd \"$1\" && if [ -L \"$2\" ]; then tar -chf - \"$2\"; else tar -cf - \"$2\"; fi", "pull",
          folder, file.hasPrefix("-") ? "./" + file : file,
        ].map { Array($0.utf8) },
        output: .chunks { chunk async throws(HostError) in try await unpacking.write(chunk) }, timeLimit: timeLimit)
      try await unpacking.closeInput()
      let ended = try await unpacking.wait()
      guard ended.succeeded else { throw self.host.failure(of: unpack, ended, to: "unpack what came from the guest") }
      return result
    }
    try check(result, "read \(remote)")
  }

  /// Runs `body` with a program beside it, which is ended with it.
  private func beside(
    _ program: ChildProcess, _ body: @escaping @Sendable () async throws(HostError) -> GuestResult
  ) async throws(HostError) -> GuestResult {
    let result = await withTaskGroup(of: Result<GuestResult, HostError>?.self) { group in
      group.addTask {
        await program.run()
        return nil
      }
      group.addTask {
        do throws(HostError) {
          try await program.started()
          return .success(try await body())
        } catch { return .failure(error) }
      }
      for await result in group {
        guard let result else { continue }
        // The guest may have ended it early, and then nobody reads what the program has left to say.
        await program.close()
        return result
      }
      return .failure(.cancelled)
    }
    return try result.get()
  }

  private func check(_ result: GuestResult, _ purpose: String) throws(HostError) {
    guard result.status == 0 else {
      throw HostError(
        .command, "could not \(purpose) in the guest \(name): tar ended with status \(result.status)",
        status: result.status, detail: String(decoding: result.error, as: UTF8.self))
    }
  }

  private static func target(_ path: String, _ own: String) throws(HostError) -> String {
    guard !path.isEmpty else { throw HostError(.invalid, "a path expected, got an empty text") }
    return path.hasSuffix("/") ? path + own : path
  }

  private static let unpackFolder = """
    mkdir -p "$1" && cd "$1" && tar -xpf -
    """
  /// Beside its place first, so that others see the old file or the new one.
  private static let unpackFile = """
    above=$(dirname "$1") || exit
    partial=$above/.kdevlua-$$
    trap 'rm -rf "$partial"' EXIT
    mkdir -p "$partial" && (cd "$partial" && tar -xpf -) || exit
    if [ -d "$1" ]; then echo "$1 is a folder" >&2; exit 1; fi
    mv -f "$partial/$2" "$1"
    """
}
