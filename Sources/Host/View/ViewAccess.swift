import Synchronization

/// Who may see a view, and what a request gets. Whoever has the token gets in, once; from then on the browser that used it is
/// known by a cookie, and by a place that nobody can guess: a browser sends a cookie to every port of the host, so other users'
/// servers would see one that were not bound to that place.
final class ViewAccess: Sendable {
  /// What counts of a request.
  struct Request: Sendable {
    var method = "GET"
    /// Path and query, as they came.
    var target: String
    var host: String?
    var origin: String?
    var cookie: String?
  }

  enum Answer: Sendable, Equatable {
    /// To the page, with a cookie.
    case enter(page: String, cookie: String)
    /// A file of noVNC, by its path below the folder.
    case file(String)
    case refused(status: Int, String)
  }

  /// 128 random bits each.
  let token = ViewAccess.secret()
  let place = ViewAccess.secret()
  private let session = ViewAccess.secret()
  private let isUsed = Mutex(false)

  /// Where the page finds the screen.
  var screen: String { "/\(place)/screen" }

  /// The page: noVNC's own, which connects at once, and again when the connection breaks.
  private var page: String {
    "/\(place)/vnc.html?autoconnect=true&reconnect=true&resize=scale&show_dot=true&path=\(place)%2Fscreen"
  }

  func answer(_ request: Request) -> Answer {
    guard isOwnHost(request.host) else { return .refused(status: 403, "not a name of this host") }
    guard request.method == "GET" || request.method == "HEAD" else { return .refused(status: 405, "GET only") }
    let parts = request.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let path = parts.first.map(String.init) ?? ""
    if path == "/" { return enter(request, query: parts.count > 1 ? String(parts[1]) : "") }
    guard isKnown(request), path != screen, path.hasPrefix("/\(place)/"),
      let file = Self.file(String(path.dropFirst(place.count + 2)))
    else { return .refused(status: 403, "this page has an address of its own, which kdevlua view prints") }
    return .file(file)
  }

  /// Whether a WebSocket leads to the screen. Pages of others can open one, too, but not under our origin (RFC 6455, 10.2).
  func admitsSocket(_ request: Request) -> Bool {
    guard isOwnHost(request.host), let host = request.host, request.origin == "http://" + host else { return false }
    return isKnown(request) && request.target == screen
  }

  private func enter(_ request: Request, query: String) -> Answer {
    let given = query.split(separator: "&").first { $0.hasPrefix("token=") }.map { String($0.dropFirst(6)) } ?? ""
    guard Self.areSame(given, token) else {
      return .refused(status: 403, "a wrong token; the right address is the one that kdevlua view prints")
    }
    // Who only asks for the head does not use it up.
    guard request.method == "GET" else { return .refused(status: 405, "GET only") }
    let isFirst = isUsed.withLock { used in
      defer { used = true }
      return !used
    }
    // The browser that used it may come back to it, by its history.
    guard isFirst || isKnown(request) else {
      return .refused(status: 403, "this address was used already; run kdevlua view again for another one")
    }
    return .enter(page: page, cookie: "\(Self.cookie)=\(session); Path=/\(place)/; HttpOnly; SameSite=Lax")
  }

  private func isKnown(_ request: Request) -> Bool {
    (request.cookie ?? "").split(separator: ";").contains { pair in
      let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
      return parts.count == 2 && parts[0] == Self.cookie && Self.areSame(String(parts[1]), session)
    }
  }

  /// A name that others have their own servers answer for is not ours, wherever it leads to (DNS rebinding). Any port: an
  /// ssh -L may stand before us.
  private func isOwnHost(_ host: String?) -> Bool {
    guard let host else { return false }
    let name = host.prefix { $0 != ":" }
    return name == "127.0.0.1" || name == "localhost"
  }

  /// The path below the folder that a request's path means; nil for what cannot be one of noVNC's, which have plain names: no
  /// empty part, none that begins with a dot, and nothing encoded.
  static func file(_ path: String) -> String? {
    let isPlain = path.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: "/"):
        true
      default: false
      }
    }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    return isPlain && parts.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") } ? path : nil
  }

  private static let cookie = "kdevlua-view"

  private static func secret() -> String {
    (0..<2).map { _ in
      let digits = String(UInt64.random(in: .min ... .max), radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  /// Compares without telling by the time it takes how much is right.
  private static func areSame(_ one: String, _ other: String) -> Bool {
    guard one.utf8.count == other.utf8.count else { return false }
    return zip(one.utf8, other.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
