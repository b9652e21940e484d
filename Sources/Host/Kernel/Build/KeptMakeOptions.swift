extension MakeOptions {
  /// Writes down how a tree was built, for whoever builds there again without saying so: `kdev.kernel.loop` reads it. The names are
  /// those of `kdev.kernel.build`.
  /// - Throws: as writing a file does.
  func keep(in tree: KernelTree) throws(HostError) {
    var fields: [String: JSONValue] = ["llvm": .bool(llvm), "ccache": .bool(ccache)]
    fields["arch"] = architecture.map { .string($0) }
    fields["cross_compile"] = crossCompile.map { .string($0) }
    fields["cc"] = compiler.map { .string($0) }
    fields["distribute"] = distribution.map { .string($0.rawValue) }
    var named: [String: JSONValue] = [:]
    for variable in variables {
      let sides = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if sides.count == 2 { named[String(sides[0])] = .string(String(sides[1])) }
    }
    if !named.isEmpty { fields["variables"] = .object(named) }
    try Files.write(Array((JSONValue.object(fields).text + "\n").utf8), to: tree.notes + "/make-options.json")
  }
}
