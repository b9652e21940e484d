extension LocalHost {
  /// Opens a page in the user's browser, when there is a desktop that has one. A command line is everybody's to read, so the
  /// browser is given a file of the user's own that leads to the page, until the page ends.
  /// - Returns: whether a browser was asked.
  public func openBrowser(_ view: ViewServer) async throws(HostError) -> Bool {
    let environment = options.environment
    // By sudo the desktop is another user's.
    guard environment["DISPLAY"] != nil || environment["WAYLAND_DISPLAY"] != nil, environment["SUDO_UID"] == nil,
      executables.find("xdg-open") != nil
    else { return false }
    let file = "\(state.root)/view-\(view.port).html"
    let page = "<!DOCTYPE html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0;url=\(view.url)\">\n"
    try state.make(state.root)
    view.remembers(file: file)
    try Files.write(Array(page.utf8), to: file, mode: 0o600)
    // In a session of its own: a browser that begins here does not end here.
    var command = Command.detached(["xdg-open", file])
    command.output = .discard
    command.error = .discard
    return try await run(command, timeLimit: .seconds(10)).succeeded
  }
}
