import Glibc

extension LocalHost {
  /// Makes a copy of an image in another format, or without its backing files: `qemu-img convert`.
  /// - Parameters:
  ///   - path: where. It is written beside that place first, so that there is the whole image or none.
  ///   - compress: for qcow2: smaller, and slower to read.
  ///   - snapshot: of one that is kept inside the image, instead of what it holds now.
  ///   - replace: put it in the place of a file that is there.
  /// - Throws: `busy` when the path is taken or a machine runs on the image; `missing`; `command`, such as no space.
  public func convert(
    _ disk: Disk, to path: String, format: Disk.Format = .qcow2, compress: Bool = false, snapshot: String? = nil,
    replace: Bool = false, in transaction: Transaction
  ) async throws(HostError) -> Disk {
    let path = Files.absolute(path)
    let isThere = Files.exists(path)
    guard !isThere || replace else {
      throw HostError(.busy, "\(path) is there already", hint: "choose another path, or say replace = true")
    }
    guard Files.resolve(path) == nil || Files.resolve(path) != Files.resolve(disk.path) else {
      throw HostError(.invalid, "\(disk.path) cannot be converted onto itself")
    }
    guard !compress || format == .qcow2 else {
      throw HostError(.invalid, "a \(format.rawValue) image cannot be compressed; a qcow2 image can")
    }
    try requireFolder(of: path)
    return try await step("convert \(Files.name(of: disk.path))") { step async throws(HostError) in
      if !isDryRun || Files.exists(disk.path) {
        let chain = try await chain(of: disk.path, format: disk.format, inUse: false)
        if let snapshot { _ = try chain[0].snapshot(snapshot) }
      }
      if isThere {
        try requireUnused(path)
        try requireNoOverlays(of: path, force: false, to: "replace")
      }
      let entry = isDryRun || isThere ? nil : try transaction.record(.disk(path: path))
      do throws(HostError) {
        try await withPartial(of: path, in: transaction) { partial async throws(HostError) in
          let options =
            ["-p", "-f", disk.format.rawValue, "-O", format.rawValue] + (compress ? ["-c"] : [])
            + (snapshot.map { ["-l", "snapshot.name=" + QEMUOption.escape($0)] } ?? [])
          try await self.requireShowing(
            .change(["qemu-img", "convert"] + options + [disk.path, partial]), step,
            to: "convert the disk \(disk.path)")
        }
      } catch {
        if let entry { try transaction.strike(entry) }
        throw error
      }
      let made =
        isDryRun
        ? Disk(path: path, format: format, size: disk.size, backing: nil)
        : try await self.disk(
          at: path, format: format)
      step.detail(made.text)
      return made
    }
  }

  /// Compares what the guest would see of two images: `qemu-img compare`.
  /// - Parameters:
  ///   - strict: a difference in size, or in what is allocated, counts too.
  /// - Returns: nil when they are the same, else where they differ, in qemu-img's words.
  /// - Throws: `busy` when a machine writes to one; `missing`; `command`.
  public func difference(
    of first: Disk, and second: Disk, strict: Bool = false
  ) async throws(HostError) -> String? {
    try await step("compare \(Files.name(of: first.path)) and \(Files.name(of: second.path))") {
      step async throws(HostError) in
      if isDryRun, !Files.exists(first.path) || !Files.exists(second.path) { return nil }
      for disk in [first, second] { _ = try await chain(of: disk.path, format: disk.format, inUse: false) }
      let command = Command.query(
        ["qemu-img", "compare", "-f", first.format.rawValue, "-F", second.format.rawValue] + (strict ? ["-s"] : [])
          + [first.path, second.path])
      let result = try await run(command)
      // 0 the same, 1 different, 2 and more an error (qemu-img(1)).
      switch result.status {
      case 0:
        step.detail("the same")
        return nil
      case 1:
        let lines = result.outputText.split(separator: "\n").filter { !$0.hasPrefix("Warning:") }
        let text = lines.last.map(String.init) ?? "they differ"
        step.detail(text)
        return text
      default: throw failure(of: command, result, to: "compare \(first.path) and \(second.path)")
      }
    }
  }

  // MARK: - For changes that qemu-img does not make as a whole

  /// Makes a file beside its place, and moves it there when it is whole.
  /// - Parameter body: gets the path to write.
  func withPartial<R: Sendable>(
    of path: String, in transaction: Transaction, _ body: (String) async throws(HostError) -> R
  ) async throws(HostError) -> R {
    // A link is no place of its own: what it leads to is replaced.
    let path = Files.resolve(path) ?? path
    let partial = "\(path).\(getpid()).partial"
    let entry = isDryRun ? nil : try transaction.record(.temporary(path: partial))
    do throws(HostError) {
      let result = try await body(partial)
      try change(saying: ["mv", "-T", "--", partial, path]) { () throws(HostError) in
        try Files.sync(partial)
        try Files.move(partial, to: path)
      }
      if let entry { try transaction.strike(entry) }
      return result
    } catch {
      if let entry {
        try Files.remove(partial)
        try transaction.strike(entry)
      }
      throw error
    }
  }

  /// Changes a copy of an image, which takes its place when all went well. Before that the image is as it was.
  func replacing<R: Sendable>(
    _ path: String, in transaction: Transaction, _ body: (String) async throws(HostError) -> R
  ) async throws(HostError) -> R {
    try await withPartial(of: path, in: transaction) { copy async throws(HostError) in
      try await self.require(
        .change(
          "cp", "--reflink=auto", "--sparse=always", "--preserve=mode,ownership", "-T", "--", path, copy),
        to: "copy the disk \(path)")
      let result = try await body(copy)
      // It may have been started meanwhile.
      try self.requireUnused(path)
      return result
    }
  }

  /// Runs a command of qemu-img with `-p`, and shows on the step how far it is.
  func requireShowing(_ command: Command, _ step: Step, to purpose: String) async throws(HostError) {
    var shown = command
    shown.output = .chunks { chunk async throws(HostError) in
      if let percent = Self.percent(String(decoding: chunk, as: UTF8.self)) { step.progress("\(percent) %") }
    }
    let result = try await run(shown)
    guard result.succeeded else {
      if isLockComplaint(result.errorText), let path = command.arguments.last {
        throw busy(path, detail: result.errorText)
      }
      throw failure(of: command, result, to: purpose)
    }
  }

  /// The last of qemu-img's `    (12.34/100%)` in a text.
  static func percent(_ text: String) -> Int? {
    guard let line = text.split(whereSeparator: { $0 == "\r" || $0 == "\n" }).last(where: { $0.contains("/100%)") }),
      let start = line.firstIndex(of: "("), let end = line.firstIndex(of: "/")
    else { return nil }
    return Double(line[line.index(after: start)..<end]).map { Int($0) }
  }
}

extension Files {
  /// Waits until a file is on the disk (fsync(2)).
  static func sync(_ path: String) throws(HostError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("could not open \(path)", errno: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .system("could not write \(path)", errno: errno) }
  }
}
