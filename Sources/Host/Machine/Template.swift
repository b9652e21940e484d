import FoundationEssentials
import Glibc

/// The saved state of a guest that has booted, from which clones go on: its memory and the rest of the machine's state in
/// files of the cache, and, when it has disks, an overlay over each.
public struct Template: Sendable, Equatable, Codable {
  public let name: String
  /// A checksum of all that the state depends on. A template whose key is another is made anew.
  public let key: String
  /// The machine that was booted; a clone has the same but for its name, network, shares' folders and files.
  let spec: MachineSpec
  /// The guest's `uname -r`.
  public let release: String
  /// The folder of its files.
  public let path: String

  var memoryFile: String { path + "/memory" }
  var stateFile: String { path + "/state" }
  func disk(_ index: Int) -> String { path + "/disk\(index).qcow2" }
  /// In MiB.
  public var memory: Int { spec.memory }
  /// Whether its files are there, and the memory's is as large as the memory.
  var isWhole: Bool { Files.size(memoryFile) == spec.memory << 20 && Files.exists(stateFile) }
}

/// All that the saved state of a guest depends on.
struct TemplateInputs: Codable {
  /// Changes when what is saved, or how, changes.
  var version = 3
  var spec: MachineSpec
  var prepare: [[String]]
  /// Kernel, initramfs, disks with those below them, and QEMU itself: the state of one version is not read by another.
  var files: [String: FileIdentity]

  var key: String {
    get throws(HostError) {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      do {
        return String(fnv1a64(try encoder.encode(self)), radix: 16)
      } catch {
        throw HostError(.system, "cannot write down what the template depends on: \(error)")
      }
    }
  }
}

extension LocalHost {
  var templateFolder: String { state.cache + "/templates" }

  /// A template as wanted, from the cache; or it is made now: a machine is booted, prepared, saved and ended.
  /// - Parameters:
  ///   - wanted: the machine; its name is the template's. Its network says only whether there is a card.
  ///   - prepare: programs to run in the guest before it is saved, each an argument vector; each has to succeed.
  ///   - timeLimit: for the guest to answer.
  /// - Throws: as `launch`; `command` when a program of `prepare` fails, or QEMU cannot save the machine; `invalid` for what
  ///   cannot be saved. After an error an earlier template of that name is as it was.
  public func template(_ wanted: MachineSpec, prepare: [[String]], timeLimit: Duration) async throws(HostError)
    -> Template
  {
    try Self.validate(machineName: wanted.name)
    guard wanted.name.utf8.count <= 20 else {
      throw HostError(.invalid, "the template's name \(wanted.name) is longer than 20 characters")
    }
    var spec = wanted
    (spec.display, spec.hasPassword) = (.free, false)
    if case .port = spec.devices.gdb { spec.devices.gdb = .socket }
    // Its clones have another network, or this one's address already.
    spec.address = spec.cards.isEmpty ? nil : userAddress
    guard spec.cards.count <= 1 else {
      throw HostError(.invalid, "a template has one network card at most, as only the first has an address of its own")
    }
    guard spec.wait == .agent, spec.agent == .kdevlua else {
      throw HostError(
        .invalid, "a template needs a guest with kdevlua's agent",
        hint: "give it a kernel, and an initramfs of kdev.kernel.initramfs")
    }
    guard spec.devices.nodes.isEmpty else {
      throw HostError(.invalid, "a template cannot have NUMA nodes: its memory is in one file")
    }
    guard spec.devices.vsock == nil else {
      throw HostError(.invalid, "a template cannot have a vsock device: all clones would have its address")
    }
    try Self.checkIsSaved(spec)
    for index in spec.cards.indices { spec.cards[index].network = .unplugged }
    let key = try await inputs(of: spec, prepare).key
    return try await step("template \(spec.name)") { step async throws(HostError) in
      if let found = try? template(spec.name), found.key == key, found.isWhole {
        step.adopted("from the cache")
        return found
      }
      if plans("# \(templateFolder)/\(spec.name): a machine that is booted, and saved by QMP migrate") {
        return Template(name: spec.name, key: key, spec: spec, release: "", path: templateFolder + "/" + spec.name)
      }
      try Files.makeFolder(templateFolder, mode: 0o700)
      let lock = try await FileLock.acquire(templateLock(spec.name))
      defer { withExtendedLifetime(lock) {} }
      if let found = try? template(spec.name), found.key == key, found.isWhole { return found }
      let template = try await make(spec, key, prepare, timeLimit, step)
      step.detail("Linux \(template.release), \(ByteSize(bytes: (try sizeOnDisk(of: template) >> 20) << 20).text)")
      return template
    }
  }

  /// The template of that name, or nil when none was made.
  public func template(_ name: String) throws(HostError) -> Template? {
    let description = templateFolder + "/" + name + "/template.json"
    guard Files.exists(description) else { return nil }
    let bytes = try Files.read(description)
    guard let template = try? JSONDecoder().decode(Template.self, from: Data(bytes)) else {
      throw HostError(.system, "cannot read \(description)", hint: "kdevlua warm --remove \(name)")
    }
    return template
  }

  /// All templates, by name.
  public func templates() throws(HostError) -> [Template] {
    guard Files.exists(templateFolder) else { return [] }
    var found: [Template] = []
    for name in try Files.list(templateFolder) where !name.hasPrefix(".") {
      do throws(HostError) { if let template = try template(name) { found.append(template) } } catch {
        warn(error.message)
      }
    }
    return found
  }

  /// The machines that run from a template.
  public func clones(of template: Template) throws(HostError) -> [String] {
    try machines().filter { $0.processID != nil && $0.record.spec.memoryFile?.key == template.key }
      .map(\.record.spec.name)
  }

  /// Removes a template; clones that run go on, since QEMU has its files open.
  /// - Throws: `invalid` when there is none of that name.
  public func removeTemplate(_ name: String) throws(HostError) {
    try Self.validate(machineName: name)
    let path = templateFolder + "/" + name
    guard Files.exists(path) else {
      let known = try templates().map(\.name).joined(separator: ", ")
      throw HostError(.invalid, "there is no template \(name)", hint: known.isEmpty ? nil : "there are: \(known)")
    }
    if !plans("rm -r \(ShellText.quote(path))") { try Files.removeTree(path) }
  }

  /// The room that a template's files take, in bytes.
  public func sizeOnDisk(of template: Template) throws(HostError) -> Int {
    var size = 0
    for name in try Files.list(template.path) {
      var status = stat()
      // Blocks of 512 bytes (stat(2)); the memory's file has holes.
      if stat(template.path + "/" + name, &status) == 0 { size += Int(status.st_blocks) * 512 }
    }
    return size
  }

  /// Notes that a template is used now.
  func touch(_ template: Template) { utimensat(AT_FDCWD, template.path + "/template.json", nil, 0) }

  private func inputs(of spec: MachineSpec, _ prepare: [[String]]) async throws(HostError) -> TemplateInputs {
    var paths = [spec.kernel, spec.cdrom].compactMap(\.self) + [try executables.require("qemu-system-x86_64")]
    if let initrd = spec.initrd { paths.append(initrd) }
    for drive in spec.drives {
      var next: String? = drive.path
      while let path = next {
        paths.append(path)
        // A disk that a machine writes to holds nothing that a state could be kept with.
        next = isDryRun ? nil : try await disk(at: path, inUse: path != drive.path).backing
      }
    }
    var files: [String: FileIdentity] = [:]
    for path in paths { files[path] = FileIdentity(path) }
    return TemplateInputs(spec: spec, prepare: prepare, files: files)
  }

  private func make(
    _ wanted: MachineSpec, _ key: String, _ prepare: [[String]], _ timeLimit: Duration, _ step: Step
  ) async throws(HostError) -> Template {
    let partial = templateFolder + Self.partialTemplate + wanted.name
    let made = Template(name: wanted.name, key: key, spec: wanted, release: "", path: partial)
    // A set-up that is never kept: who comes after one that was killed ends the machine before its files go.
    let transaction = try await begin(wanted.name + "-template")
    do throws(HostError) {
      if try machine(transaction.owner)?.processID != nil {
        throw HostError(
          .conflict, "the machine \(transaction.owner) is running already",
          hint: "kdevlua down \(transaction.owner), or choose another name for the template")
      }
      try Files.removeTree(partial)
      try Files.makeFolder(partial, mode: 0o700)
      var spec = wanted
      spec.name = transaction.owner
      spec.memoryFile = .init(path: made.memoryFile, state: nil, key: key)
      for (index, drive) in spec.drives.enumerated() {
        try await overlay(made.disk(index), over: drive)
        spec.drives[index].path = made.disk(index)
        spec.drives[index].format = "qcow2"
      }
      step.progress("booting")
      let machine = try await launch(spec, timeLimit: timeLimit, in: transaction)
      for arguments in prepare {
        try await machine.require(arguments, to: "prepare the template by \(arguments[0])", timeLimit: nil)
      }
      step.progress("saving")
      try await machine.freeze()
      // With the agent's channel open: a clone's agent has done with its end by the time that somebody asks for it.
      try await save(machine, to: made.stateFile)
      machine.disconnect()
      await transaction.rollBack()
      let path = templateFolder + "/" + wanted.name
      let template = Template(
        name: wanted.name, key: key, spec: wanted, release: machine.record.release ?? "", path: path)
      do {
        try Files.write([UInt8](try JSONEncoder().encode(template)), to: partial + "/template.json")
      } catch let error as HostError {
        throw error
      } catch {
        throw HostError(.system, "cannot write the template's description: \(error)")
      }
      try Files.removeTree(path)
      guard rename(partial, path) == 0 else { throw .system("could not move \(partial) to \(path)", errno: errno) }
      return template
    } catch {
      try await uncancelled { () async throws(HostError) in
        await transaction.rollBack()
        try Files.removeTree(partial)
      }
      throw error
    }
  }

  /// What a template's folder is called until it is whole, with its name behind.
  fileprivate static var partialTemplate: String { "/.partial-" }

  /// Folders of templates whose maker was killed.
  /// - Parameter locks: takes the lock of each.
  func partialTemplates(holding locks: inout [String: FileLock]) throws(HostError) -> [Leftover] {
    var found: [Leftover] = []
    for name in (try? Files.list(templateFolder)) ?? [] {
      let path = templateFolder + "/" + name
      guard path.hasPrefix(templateFolder + Self.partialTemplate) else { continue }
      let lock = templateLock(String(path.dropFirst(templateFolder.count + Self.partialTemplate.count)))
      if locks[lock] == nil { locks[lock] = try FileLock.attempt(lock) }
      guard locks[lock] != nil else { continue }
      found.append(Leftover(title: "folder \(path)", reason: "its maker was killed", cure: .removeTree(path: path)))
    }
    return found
  }

  private func templateLock(_ name: String) -> String { "\(templateFolder)/.\(name).lock" }

  /// A file that holds what a machine writes to a disk.
  func overlay(_ path: String, over drive: Drive) async throws(HostError) {
    try await require(
      .change("qemu-img", "create", "-q", "-f", "qcow2", "-b", drive.path, "-F", drive.format, path),
      to: "make the disk \(path)")
  }

  /// Writes the state of a machine, but for its memory, to a file, and ends it.
  private func save(_ machine: Machine, to path: String) async throws(HostError) {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .system("could not write \(path)", errno: errno) }
    defer { close(file) }
    let qmp = try await QMP.connect(machine.folder.qmp, handsFiles: true)
    defer { qmp.close() }
    try qmp.hand(file)
    try await qmp.save()
    // The rest of the disks' writes is on its way out with QEMU's end.
    _ = try? await qmp.execute("quit")
    await qmp.closed()
  }
}

extension QMP {
  /// Connects to a QEMU, and has one that waits for a saved state (`-incoming defer`) go on from there. One that cannot ends.
  static func connect(_ path: String, loading state: String?) async throws(HostError) -> QMP {
    guard let state else { return try await connect(path) }
    let file = open(state, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .system("could not read \(state)", errno: errno) }
    defer { Glibc.close(file) }
    let qmp = try await connect(path, handsFiles: true)
    do throws(HostError) {
      try qmp.hand(file)
      try await qmp.takeState()
      try await qmp.execute("migrate-incoming", ["uri": .string("fd:state")])
    } catch {
      qmp.close()
      throw error
    }
    return qmp
  }

  /// Writes the state of the machine, but for memory in shared files, to the file that was handed over. It is not stopped
  /// before: QEMU does that, and who goes on from a state that was saved by hand while it stood still would stand still, too.
  /// - Throws: `command` with QEMU's words when it cannot be saved.
  fileprivate func save() async throws(HostError) {
    try await takeState()
    try await execute("migrate", ["uri": .string("fd:state")])
    try await withTimeLimit(.seconds(120), "the machine was not saved") { () async throws(HostError) in
      while true {
        let state = try await execute("query-migrate")
        switch state["status"]?.string {
        case "completed": return
        case "failed", "cancelled":
          throw HostError(.command, "QEMU could not save the machine", detail: state["error-desc"]?.string)
        default: try await pause(.milliseconds(5))
        }
      }
    }
  }

  /// The file that was handed over is the one of the machine's state. (A path would do from QEMU 8.2 on; but by sudo QEMU has given
  /// root away, and may not open a file of root's cache.)
  private func takeState() async throws(HostError) {
    try await execute("getfd", ["fdname": .string("state")])
    let capability: [String: JSONValue] = ["capability": .string("x-ignore-shared"), "state": .bool(true)]
    try await execute("migrate-set-capabilities", ["capabilities": .array([.object(capability)])])
  }
}
