extension LocalHost {
  /// Installs a kernel's modules below a folder: `make modules_install INSTALL_MOD_PATH=FOLDER`. Before it, `make modules`
  /// puts right what single modules have left in `modules.order`: else only those would be installed, and no error said.
  /// - Parameter strips: without debug information, a tenth of the size (`INSTALL_MOD_STRIP=1`).
  /// - Returns: `FOLDER/lib/modules/RELEASE`.
  /// - Throws: `missing` when the kernel has no modules or has not been built; `command`.
  public func installModules(
    of tree: KernelTree, _ make: MakeOptions, into folder: String, strips: Bool
  ) async throws(HostError) -> String {
    var request = BuildRequest(tree: tree)
    request.make = make
    request.targets = ["modules"]
    request.installsModules = false
    // Held for both: a build between them would leave its own modules.order.
    let lock = try lock(for: request)
    defer { withExtendedLifetime(lock) {} }
    _ = try await build(request, isChecked: true)
    try await installModules(of: request, into: folder, strips: strips)
    return "\(folder)/lib/modules/\(tree.release ?? "")"
  }

  /// The second half of it, for a tree whose modules have just been built.
  func installModules(of request: BuildRequest, into folder: String, strips: Bool) async throws(HostError) {
    let tree = request.tree
    try await step("install modules") { step async throws(HostError) in
      let command = Command.change(
        ["make", "-C", tree.path] + (tree.output == tree.path ? [] : ["O=\(tree.output)"]) + request.make.arguments
          + ["modules_install", "INSTALL_MOD_PATH=\(folder)"] + (strips ? ["INSTALL_MOD_STRIP=1"] : []))
      try await require(command, to: "install the modules of \(tree.output)")
      let count = Self.builtModules(of: tree).count
      step.detail("\(count) module\(count == 1 ? "" : "s") in \(folder)")
    }
  }

  /// The modules that `modules.order` lists, from the top of the output.
  static func builtModules(of tree: KernelTree) -> [String] {
    let text = (try? Files.text(tree.output + "/modules.order")) ?? ""
    return text.split(separator: "\n").map { line in
      // Of Linux 6.4 and later with `.o`, before it with `.ko` (scripts/Makefile.build, "modorder").
      line.hasSuffix(".o") ? line.dropLast(2) + ".ko" : String(line)
    }
  }

  /// Whether a module has been built since it was installed below the tree's notes, or never was.
  static func hasNewModules(_ tree: KernelTree) -> Bool {
    let modules = builtModules(of: tree)
    guard !modules.isEmpty, let release = tree.release else { return false }
    let installed = "\(tree.notes)/lib/modules/\(release)"
    guard let list = try? Files.status(of: installed + "/modules.dep") else { return true }
    return modules.contains { module in
      guard let built = try? Files.status(of: tree.output + "/" + module) else { return false }
      let copy = ["", ".xz", ".gz", ".zst"].lazy.compactMap {
        try? Files.status(of: "\(installed)/kernel/\(module)\($0)")
      }
      .first
      return copy.map { $0.modified < built.modified } ?? true || list.modified < built.modified
    }
  }

  /// `modules.order` as it is now.
  static func saveModulesOrder(of tree: KernelTree) -> SavedFile? {
    let path = tree.output + "/modules.order"
    return (try? Files.read(path)).map { SavedFile(path: path, content: $0) }
  }
}

/// A file that another program spoils.
struct SavedFile {
  let path: String
  let content: [UInt8]

  /// It can be made anew, so that a failure says nothing.
  func restore() { try? Files.write(content, to: path) }
}
