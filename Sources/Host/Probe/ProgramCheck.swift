extension LocalHost {
  /// Every program that the host calls: its version, or what cannot be done without it.
  func examinePrograms() async throws(HostError) -> [Finding] {
    var findings: [Finding] = []
    for program in Program.all { findings.append(try await examine(program)) }
    let page = Self.noVNC + "/vnc.html"
    findings.append(
      Files.exists(page)
        ? Finding("novnc", .ok, page)
        : Finding("novnc", .limited, "not installed: no kdevlua view", hint: "sudo apt-get install novnc"))
    return findings
  }

  private func examine(_ program: Program) async throws(HostError) -> Finding {
    let install = "sudo apt-get install \(program.package)"
    guard let path = executables.find(program.name, or: program.places) else {
      return Finding(
        program.name, program.without == nil ? .broken : .limited,
        "not installed" + (program.without.map { ": \($0)" } ?? ""), hint: install)
    }
    if program.name == "busybox", try !ELF.isStatic(path) {
      return Finding(
        program.name, .broken, "needs shared libraries, which the guest does not have", hint: install)
    }
    guard let option = program.versionOption else { return Finding(program.name, .ok, path) }
    do throws(HostError) {
      let result = try await run(.query(path, option), timeLimit: .seconds(10))
      let said = (result.outputText + result.errorText).split(separator: "\n").first.map(String.init) ?? path
      return Self.judge(program, saying: said)
    } catch {
      if error.code == .cancelled { throw error }
      return Finding(
        program.name, program.without == nil ? .broken : .limited, "\(path) does not say its version: \(error.message)",
        hint: "sudo apt-get install --reinstall \(program.package)")
    }
  }

  /// - Parameter said: the first line of what a program says of its version.
  static func judge(_ program: Program, saying said: String) -> Finding {
    let words = said.split(separator: " ")
    // What follows is who wrote it and what it is linked with.
    let said = words.prefix(9).joined(separator: " ")
    let number = words.first { $0.first?.isNumber == true && $0.contains(".") }
    guard let oldest = program.oldest, let number, Version(String(number)) < Version(oldest.version) else {
      return Finding(program.name, .ok, said)
    }
    return Finding(
      program.name, .limited, "\(said): older than \(oldest.version), the first with \(oldest.brings)",
      hint: "sudo apt-get install \(program.package)")
  }
}
