import Host
import LuaRuntime

extension LocalHost {
  /// Where a team and a user keep their own: `.kdevlua/` of the repository that the working folder is in, and
  /// `~/.config/kdevlua/`.
  var teamFolders: [String] {
    var folders: [String] = []
    var folder = Files.absolute(".")
    while true {
      if Files.isFolder(folder + "/.kdevlua") {
        folders.append(folder + "/.kdevlua")
        break
      }
      let above = Files.folder(of: folder)
      if above == folder { break }
      folder = above
    }
    let config =
      options.environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 + "/kdevlua" }
      ?? options.environment["HOME"].map { $0 + "/.config/kdevlua" }
    if let config { folders.append(config) }
    return folders
  }

  /// Where `require` looks besides the script's folder and Lua's own paths: a team's and a user's folder, and what
  /// LuaRocks has installed for the user.
  var moduleFolders: LuaSearchFolders {
    let rocks = options.environment["HOME"].map { [$0 + "/.luarocks"] } ?? []
    return LuaSearchFolders(before: trustedFolders, trees: rocks.filter(Files.isFolder))
  }

  /// Those of the team's and the user's folders from which code may run.
  var trustedFolders: [String] { teamFolders.filter { Files.isFolder($0) && isTrusted($0) } }

  /// Whether code in a folder may run: it is the user's, root's, or that of who called sudo. Else anybody who may write
  /// to a folder above the working folder, such as /tmp, could have code run here.
  private func isTrusted(_ folder: String) -> Bool {
    guard let owner = Files.owner(of: folder) else { return false }
    return owner == 0 || owner == Files.user || options.environment["SUDO_UID"] == "\(owner)"
  }
}
