// What a configuration was made of, kept beside it: a second run with the same has nothing to do.

extension LocalHost {
  /// All that the configuration depends on but the files of Kconfig, as text.
  /// - Throws: `cancelled`; `timeout` when the compiler does not say its version.
  func inputs(of request: ConfigureRequest, _ version: String) async throws(HostError) -> [UInt8] {
    let make = request.make
    var text = Array("\(version)\n\(make.arguments.joined(separator: " "))\n".utf8)
    // Kconfig asks the compiler what it can.
    let told = try await run(.query(make.compilerWords + ["--version"]), timeLimit: .seconds(60))
    text += told.output.prefix { $0 != UInt8(ascii: "\n") } + Array("\n".utf8)
    switch request.base {
    case .current: text += Array("as it was\n".utf8)
    case .target(let name): text += Array("make \(name)\n".utf8)
    case .text(let base, _): text += base
    }
    text += Array("modules\n".utf8) + (request.modules ?? [])
    for fragment in request.fragments { text += Array("fragment \(fragment.name)\n".utf8) + fragment.text }
    return text
  }

  /// Whether what is there was made of the same, and nobody has changed it since.
  static func isKept(_ tree: KernelTree, _ inputs: [UInt8], result: [UInt8]?) -> Bool {
    guard (try? Files.read(tree.notes + "/config-inputs")) == inputs,
      (try? Files.read(tree.notes + "/config-result")) == result,
      let kept = try? Files.text(tree.notes + "/config-kconfig")
    else { return false }
    let files = kept.split(separator: "\n").compactMap { $0.split(separator: " ", maxSplits: 2).last.map(String.init) }
    return stamps(of: files, in: tree) == kept
  }

  /// - Throws: as writing a file does.
  static func keep(
    _ tree: KernelTree, _ inputs: [UInt8], result: [UInt8], _ architecture: String
  ) throws(HostError) {
    try Files.write(inputs, to: tree.notes + "/config-inputs")
    try Files.write(result, to: tree.notes + "/config-result")
    // Files that cannot be read as Kconfig are known by nothing: then it is made again the next time.
    guard let kconfig = try? KconfigReader.read(tree.path, architecture: architecture) else {
      return try Files.remove(tree.notes + "/config-kconfig")
    }
    try Files.write(Array(stamps(of: kconfig.files, in: tree).utf8), to: tree.notes + "/config-kconfig")
  }

  /// Size and time of files of the source, a line each.
  private static func stamps(of files: [String], in tree: KernelTree) -> String {
    files.map { file in
      let status = try? Files.status(of: tree.path + "/" + file)
      return "\(status?.size ?? -1) \(status?.modified ?? 0) \(file)\n"
    }.joined()
  }
}
