import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization

/// A page on loopback that shows a screen: noVNC's files, and the screen's bytes in a WebSocket. Ended by ``close()``.
public final class ViewServer: Sendable {
  /// Where a browser sees it, once.
  public let url: String
  public let port: Int
  private let server: any Channel
  private let browsers: Browsers
  /// The file that leads a browser here.
  private let file = Mutex<String?>(nil)

  private init(server: any Channel, browsers: Browsers, port: Int, token: String) {
    self.server = server
    self.browsers = browsers
    self.port = port
    url = "http://127.0.0.1:\(port)/?token=\(token)"
  }

  /// The file goes when the page does.
  func remembers(file path: String) { file.withLock { $0 = path } }

  /// Begins to serve.
  /// - Parameters:
  ///   - files: the folder of noVNC.
  ///   - port: on 127.0.0.1; 0 is a free one.
  /// - Throws: `busy` when the port is taken.
  static func start(
    files: String, port: Int, _ connect: @escaping ScreenConnector
  ) async throws(HostError) -> ViewServer {
    let access = ViewAccess()
    let browsers = Browsers()
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        browsers.add(channel)
        let handler = ViewHandler(access, files)
        let upgrader = NIOWebSocketServerUpgrader(
          maxFrameSize: 1 << 20,
          shouldUpgrade: { channel, head in
            channel.eventLoop.makeSucceededFuture(access.admitsSocket(.init(head)) ? HTTPHeaders() : nil)
          },
          upgradePipelineHandler: { channel, _ in
            channel.eventLoop.makeCompletedFuture {
              try channel.pipeline.syncOperations.addHandler(BrowserEnd(connect))
            }
          })
        return channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.configureHTTPServerPipeline(
            withServerUpgrade: (
              upgraders: [upgrader],
              completionHandler: { $0.pipeline.syncOperations.removeHandler(handler, promise: nil) }
            ))
          try pipeline.addHandler(handler)
        }
      }
    do {
      let server = try await bootstrap.bind(host: "127.0.0.1", port: port).get()
      return ViewServer(
        server: server, browsers: browsers, port: server.localAddress?.port ?? port, token: access.token)
    } catch let error as IOError {
      var failure = HostError.system("could not listen on port \(port) of 127.0.0.1", errno: error.errnoCode)
      if failure.code == .busy { failure.hint = "choose another port, or none for a free one" }
      throw failure
    } catch {
      throw HostError(.system, "could not listen on port \(port) of 127.0.0.1", detail: "\(error)")
    }
  }

  /// Waits until the page has ended.
  public func waitForEnd() async { try? await server.closeFuture.get() }

  /// Ends the page and all that look at it.
  public func close() async {
    if let path = file.withLock({ $0 }) { try? Files.remove(path) }
    try? await server.close().get()
    await browsers.close()
  }
}

/// Connections that are open.
private final class Browsers: Sendable {
  private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

  func add(_ channel: any Channel) {
    let id = ObjectIdentifier(channel)
    channels.withLock { $0[id] = channel }
    channel.closeFuture.whenComplete { _ in self.channels.withLock { _ = $0.removeValue(forKey: id) } }
  }

  func close() async {
    for channel in channels.withLock({ Array($0.values) }) { try? await channel.close().get() }
  }
}

extension ViewAccess.Request {
  init(_ head: HTTPRequestHead) {
    self.init(
      method: head.method.rawValue, target: head.uri, host: head.headers.first(name: "host"),
      origin: head.headers.first(name: "origin"), cookie: head.headers["cookie"].joined(separator: ";"))
  }
}

/// Answers requests. All state is touched on the channel's event loop only.
private final class ViewHandler: ChannelInboundHandler, RemovableChannelHandler, @unchecked Sendable {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let access: ViewAccess
  private let files: String
  private var head: HTTPRequestHead?

  init(_ access: ViewAccess, _ files: String) {
    self.access = access
    self.files = files
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body: break
    case .end:
      if let head { answer(head, context) }
      head = nil
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A WebSocket that is not admitted is answered, as any request.
    if !(error is NIOWebSocketUpgradeError) { context.close(promise: nil) }
  }

  private func answer(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
    switch access.answer(.init(request)) {
    case .enter(let page, let cookie):
      send(.seeOther, [("Location", page), ("Set-Cookie", cookie)], [], to: request, context)
    case .file(let path):
      // A link out of the folder is the package's own.
      if let body = try? Files.read(files + "/" + path) {
        send(.ok, [("Content-Type", Self.type(of: path))], body, to: request, context)
      } else {
        send(.notFound, [("Content-Type", "text/plain")], Array("there is no \(path)\n".utf8), to: request, context)
      }
    case .refused(let status, let reason):
      send(
        HTTPResponseStatus(statusCode: status), [("Content-Type", "text/plain; charset=utf-8")],
        Array("\(reason)\n".utf8), to: request, context)
    }
  }

  private func send(
    _ status: HTTPResponseStatus, _ more: [(String, String)], _ body: [UInt8], to request: HTTPRequestHead,
    _ context: ChannelHandlerContext
  ) {
    // Nothing of it is for other pages, for caches, or for the address in a Referer.
    let headers = HTTPHeaders(
      more + [
        ("Content-Length", String(body.count)), ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Connection", request.isKeepAlive ? "keep-alive" : "close"),
      ])
    let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if request.method != .HEAD {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
    }
    let channel = context.channel
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
      if !request.isKeepAlive { channel.close(promise: nil) }
    }
  }

  /// By the end of the name; scripts run only under their own type.
  private static func type(of path: String) -> String {
    switch path.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "json": "application/json"
    case "svg": "image/svg+xml"
    case "png": "image/png"
    case "ttf": "font/ttf"
    case "woff": "font/woff"
    case "mp3": "audio/mpeg"
    case "oga": "audio/ogg"
    default: "application/octet-stream"
    }
  }
}
