import CHost
import Glibc
import NIOCore
import NIOPosix

extension LocalHost {
  /// Where Debian's package has noVNC.
  static let noVNC = "/usr/share/novnc"

  /// A page that shows a running machine's screen.
  ///
  /// QEMU's display need not be reached for it: QEMU is handed one end of a pair of sockets as a VNC client (QMP `add_client`), as
  /// libvirt does for its viewers. So it works whatever address, password or network namespace the display has, and there is no port
  /// besides the page's own.
  /// - Parameter port: the page's, on 127.0.0.1; nil is a free one.
  /// - Throws: `invalid` when no machine of that name runs, or it has no display; `missing` without noVNC; `busy` when the port is
  ///   taken.
  public func view(machine name: String, port: Int? = nil) async throws(HostError) -> ViewServer {
    guard let state = try machine(name), state.processID != nil else {
      throw HostError(.invalid, "no machine \(name) is running", hint: "kdevlua ps lists those there are")
    }
    if state.record.spec.display == .off {
      throw HostError(
        .invalid, "the machine \(name) was launched without a display",
        hint: "launch it without vnc = false; its console is kdevlua console \(name)")
    }
    if state.record.spec.profile == .fast {
      note("\(name) has no graphics card, by its profile: launch it with profile = \"document\" to see its terminal")
    }
    let folder = folder(ofMachine: name)
    return try await view(port: port) { loop, initialize async throws(HostError) in
      try await Self.connectScreen(folder, loop, initialize)
    }
  }

  /// A page that shows a VNC server on a port of 127.0.0.1.
  /// - Throws: as ``view(machine:port:)``.
  public func view(display: Int, port: Int? = nil) async throws(HostError) -> ViewServer {
    try await view(port: port) { loop, initialize async throws(HostError) in
      do {
        return try await ClientBootstrap(group: loop).channelInitializer(initialize)
          .connect(host: "127.0.0.1", port: 5900 + display).get()
      } catch {
        throw HostError(.missing, "nobody answers on port \(5900 + display) of 127.0.0.1", detail: "\(error)")
      }
    }
  }

  /// A page that shows the display that a tunnel leads to.
  /// - Throws: as ``view(machine:port:)``.
  public func view(_ tunnel: Tunnel, port: Int? = nil) async throws(HostError) -> ViewServer {
    try await view(port: port) { loop, initialize async throws(HostError) in
      do { return try await tunnel.connect(on: loop, initialize) } catch {
        throw HostError(
          .missing, "the tunnel to \(tunnel.spec.address.destination) leads nowhere any more", detail: "\(error)")
      }
    }
  }

  private func view(port: Int?, _ connect: @escaping ScreenConnector) async throws(HostError) -> ViewServer {
    guard Files.exists(Self.noVNC + "/vnc.html") else {
      throw HostError(.missing, "noVNC is not installed", hint: "sudo apt-get install novnc")
    }
    return try await ViewServer.start(files: Self.noVNC, port: port ?? 0, connect)
  }

  /// Becomes a VNC client of a QEMU. No password is asked: who reaches its QMP socket may do all.
  private static func connectScreen(
    _ folder: MachineFolder, _ loop: any EventLoop,
    _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) async throws(HostError) -> any Channel {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw .system("could not make a pair of sockets", errno: errno)
    }
    let (ours, theirs) = (ends[0], ends[1])
    do throws(HostError) {
      defer { close(theirs) }
      let qmp = try await QMP.connect(folder.qmp, handsFiles: true)
      defer { qmp.close() }
      try qmp.hand(theirs)
      try await qmp.execute("getfd", ["fdname": .string("view")])
      try await qmp.execute(
        "add_client", ["protocol": .string("vnc"), "fdname": .string("view"), "skipauth": .bool(true)])
    } catch {
      close(ours)
      throw error
    }
    do {
      return try await ClientBootstrap(group: loop).channelInitializer(initialize).withConnectedSocket(ours).get()
    } catch {
      throw HostError(.system, "could not read from QEMU's display", detail: "\(error)")
    }
  }

  /// Waits until a machine's QEMU has ended.
  public func waitForEnd(ofMachine name: String) async throws(HostError) {
    guard let process = qemu(in: folder(ofMachine: name).path).flatMap(ProcessHandle.init) else { return }
    while !process.hasEnded { try await pause(.milliseconds(300)) }
  }
}
