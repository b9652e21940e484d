import ArgumentParser
import Host

/// `kdevlua warm`.
struct Warm: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "warm", abstract: "Keep booted guests ready: make, clone, list and remove templates.",
    discussion: """
      Without a name it lists the templates. The name of a machine that was launched makes a template of its options, or finds \
      it; a script (a path, or a name that ends with .lua) is run, and makes those that it asks for by kdev.vm.template.
      """)

  @Option(help: ArgumentHelp("Start a machine of that name from the template.", valueName: "machine"))
  var clone: String?
  @Flag(help: "Remove the template.")
  var remove = false
  @OptionGroup var output: OutputOptions
  @Argument(parsing: .captureForPassthrough, help: "A template or machine, or a script and its arguments.")
  var words: [String] = []

  func validate() throws {
    if words.first == "--help" || words.first == "-h" { throw CleanExit.helpRequest(self) }
    if let first = words.first, first.hasPrefix("-") {
      throw Words.unknownOption(first, of: ["--clone", "--remove"] + Words.ofScripts)
    }
    if clone != nil, remove { throw ValidationError("--clone and --remove do not go together") }
    if clone != nil || remove, words.count != 1 { throw ValidationError("the name of a template is missing") }
    if !isScript, words.count > 1 { throw ValidationError("one name is enough: \(words.joined(separator: " "))") }
  }

  private var isScript: Bool { words.first.map { $0.contains("/") || $0.hasSuffix(".lua") } ?? false }

  func run() throws {
    do {
      let host = try output.host()
      guard let name = words.first else { return try list(host) }
      if remove { return try host.removeTemplate(name) }
      if isScript {
        try Run.perform(words, host: host)
        return try list(host)
      }
      try Session.perform { [clone] in
        if let clone {
          let machine = try await host.clone(named: name, as: clone)
          machine.disconnect()
          Session.write("go on    kdevlua exec \(clone) uname -a\nstop     kdevlua down \(clone)\n", to: 1)
        } else {
          _ = try await host.template(ofMachine: name)
        }
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }

  private func list(_ host: LocalHost) throws {
    var rows = [["TEMPLATE", "KERNEL", "MEMORY", "ON DISK", "CLONES"]]
    for template in try host.templates() {
      let clones = try host.clones(of: template)
      rows.append([
        template.name, template.release, "\(template.memory)M", "\(try host.sizeOnDisk(of: template) >> 20)M",
        clones.isEmpty ? "-" : clones.joined(separator: " "),
      ])
    }
    if rows.count == 1 { host.note("there are no templates") } else { Table.print(rows) }
  }
}
