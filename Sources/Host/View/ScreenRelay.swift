import NIOCore
import NIOWebSocket

/// Opens a connection to a VNC server, on a loop; `initialize` sets its pipeline up before anything is read.
typealias ScreenConnector =
  @Sendable (
    _ loop: any EventLoop, _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) async throws(HostError) -> any Channel

/// The browser's end of a relay: what comes in WebSocket frames goes to the screen as bytes. All state is touched on the channel's
/// event loop only, which both ends share.
final class BrowserEnd: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  private let connect: ScreenConnector
  private var screen: (any Channel)?
  private var isClosing = false

  init(_ connect: @escaping ScreenConnector) { self.connect = connect }

  func handlerAdded(context: ChannelHandlerContext) {
    // The server speaks first, so nothing comes from the browser before this is done (RFC 6143, 7.1).
    let (channel, connect) = (context.channel, connect)
    Task {
      do {
        let screen = try await connect(channel.eventLoop) { screen in
          screen.eventLoop.makeCompletedFuture {
            try screen.pipeline.syncOperations.addHandler(ScreenEnd(browser: channel))
          }
        }
        channel.eventLoop.execute { self.attach(screen, to: channel) }
      } catch {
        channel.eventLoop.execute { self.end(channel, .unexpectedServerError) }
      }
    }
  }

  private func attach(_ screen: any Channel, to browser: any Channel) {
    self.screen = screen
    if !browser.isActive { screen.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = unwrapInboundIn(data)
    switch frame.opcode {
    case .binary, .continuation:
      if let screen { screen.writeAndFlush(frame.unmaskedData, promise: nil) }
    case .ping:
      context.writeAndFlush(
        wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)), promise: nil)
    case .connectionClose: end(context.channel, .normalClosure)
    case .text: end(context.channel, .unacceptableData)
    default: break
    }
  }

  /// What the browser does not take is not read from the screen.
  func channelWritabilityChanged(context: ChannelHandlerContext) {
    screen?.setOption(.autoRead, value: context.channel.isWritable).whenComplete { _ in }
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    screen?.close(promise: nil)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private func end(_ channel: any Channel, _ code: WebSocketErrorCode) {
    guard !isClosing else { return }
    isClosing = true
    BrowserEnd.end(channel, code)
  }

  /// Says goodbye to a browser (RFC 6455, 7.1).
  static func end(_ channel: any Channel, _ code: WebSocketErrorCode) {
    var data = channel.allocator.buffer(capacity: 2)
    data.write(webSocketErrorCode: code)
    channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .connectionClose, data: data)).whenComplete { _ in
      channel.close(promise: nil)
    }
  }
}

/// The screen's end of a relay: its bytes go to the browser in frames.
private final class ScreenEnd: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer

  private let browser: any Channel

  init(browser: any Channel) { self.browser = browser }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    browser.writeAndFlush(WebSocketFrame(fin: true, opcode: .binary, data: unwrapInboundIn(data)), promise: nil)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    browser.setOption(.autoRead, value: context.channel.isWritable).whenComplete { _ in }
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    BrowserEnd.end(browser, .goingAway)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
