import ArgumentParser
import Glibc
import Host
import Modules

/// `kdevlua types`.
struct Types: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "types", abstract: "Write the types of kdev's modules for lua-language-server.",
    discussion:
      "Without --install, prints the name of each file. With it, writes them to DIRECTORY and, when the working"
      + " folder has none, a .luarc.json that names the directory.")

  @Flag(help: "Write the files.")
  var install = false
  @Option(
    help: ArgumentHelp("Where; default: ~/.local/share/kdevlua/types, or below XDG_DATA_HOME.", valueName: "path"))
  var directory: String?

  func run() throws {
    do {
      let environment = Session.environment
      let stdlib = Stdlib(environment: environment)
      let files = stdlib.names(below: "types")
      guard install else { return Session.write(files.map { $0 + "\n" }.joined(), to: STDOUT_FILENO) }
      let folder = Files.absolute(try directory ?? Self.folder(environment))
      try Files.makeFolder(folder)
      for file in files { try Files.write(stdlib.read(file) ?? [], to: folder + "/" + Files.name(of: file)) }
      Session.write("wrote \(files.count) files to \(folder)\n", to: STDOUT_FILENO)
      if Files.exists(".luarc.json"), try Files.text(".luarc.json").contains(JSONValue.string(folder).text) {
        Session.write(".luarc.json names it already\n", to: STDOUT_FILENO)
      } else if Files.exists(".luarc.json") {
        Session.write(".luarc.json is there already; its workspace.library should have \(folder)\n", to: STDOUT_FILENO)
      } else {
        try Files.write(Array(Self.settings(folder).utf8), to: ".luarc.json")
        Session.write("wrote .luarc.json\n", to: STDOUT_FILENO)
      }
    } catch {
      throw Session.exitCode(for: error)
    }
  }

  private static func folder(_ environment: [String: String]) throws(HostError) -> String {
    if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return data + "/kdevlua/types" }
    guard let home = environment["HOME"], home.hasPrefix("/") else {
      throw HostError(.invalid, "neither XDG_DATA_HOME nor HOME says where", hint: "give --directory")
    }
    return home + "/.local/share/kdevlua/types"
  }

  /// The settings that lua-language-server reads (its "Configuration File" page).
  private static func settings(_ folder: String) -> String {
    JSONValue.object([
      "runtime.version": .string("Lua 5.4"), "workspace.library": .array([.string(folder)]),
      "workspace.checkThirdParty": .bool(false),
    ]).text + "\n"
  }
}
