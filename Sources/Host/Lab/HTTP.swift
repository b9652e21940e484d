import Glibc

/// A request to a server of the lab.
public struct HTTPRequest: Sendable, Equatable {
  /// "GET", "POST" or "PUT".
  public var method: String
  public var url: String
  /// JSON, for the methods that send some.
  public var body: [UInt8]?

  public init(_ method: String = "GET", _ url: String, body: [UInt8]? = nil) {
    self.method = method
    self.url = url
    self.body = body
  }

  /// A path and query appended to the address of a server.
  /// - Parameters:
  ///   - server: as "https://shaman.ceph.com/".
  ///   - path: its parts, which may hold any character.
  ///   - query: names and values.
  public static func url(_ server: String, _ path: [String], query: [(String, String)] = []) -> String {
    var url = server
    while url.hasSuffix("/") { url.removeLast() }
    for part in path { url += "/" + encoded(part) }
    let pairs = query.map { encoded($0.0) + "=" + encoded($0.1) }
    return pairs.isEmpty ? url : url + "?" + pairs.joined(separator: "&")
  }

  /// RFC 3986, 2.3: what is not unreserved becomes %XX.
  private static func encoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        result += (byte < 16 ? "%0" : "%") + digits
      }
    }
    return result
  }
}

/// What a server answered.
public struct HTTPResponse: Sendable, Equatable {
  /// The status, as 200.
  public var status: Int
  public var body: [UInt8]

  /// The body as text, with invalid UTF-8 replaced.
  public var text: String { String(decoding: body, as: UTF8.self) }
  public var isSuccess: Bool { (200..<300).contains(status) }

  public init(status: Int, body: [UInt8]) {
    self.status = status
    self.body = body
  }
}

/// How patient a request is.
public struct HTTPPatience: Sendable {
  /// For one try, in all.
  public var timeLimit: Duration
  /// How often a server is asked again that cannot be reached, is overloaded or is broken; the waits between double from a
  /// second on.
  public var retries: Int

  public init(timeLimit: Duration = .seconds(60), retries: Int = 4) {
    self.timeLimit = timeLimit
    self.retries = retries
  }

  /// For whoever asks again all the time.
  static let oneTry = HTTPPatience(retries: 0)
}

extension HostError {
  /// Whether a server of the lab may do better when it is asked again: it cannot be reached, or it is overloaded or broken.
  public var isOutage: Bool { code == .connection || code == .timeout }
}

extension LocalHost {
  /// Sends requests by curl(1), one after the other over one connection for each server.
  ///
  /// What is asked goes to curl by its standard input, so nothing of it is on a command line. curl's own settings
  /// (`~/.curlrc`) do not count; proxies and certificates of the environment do (`https_proxy`, `SSL_CERT_FILE`).
  /// - Returns: an answer for each request, whatever its status; in a dry run an empty 200 for what would change something.
  /// - Throws: `missing` without curl, `connection` or `timeout` when a server gave no answer.
  public func http(_ requests: [HTTPRequest], patience: HTTPPatience = HTTPPatience()) async throws(HostError)
    -> [HTTPResponse]
  {
    guard !requests.isEmpty else { return [] }
    let changes = requests.contains { $0.method != "GET" }
    if isDryRun, changes {
      for request in requests {
        _ = plans("curl -X \(request.method) \(ShellText.quote(request.url)) --data-binary @-")
      }
      return requests.map { _ in HTTPResponse(status: 200, body: []) }
    }
    let folder = try HTTPFolder(requests, environment: options.environment)
    defer { folder.remove() }
    var command = Command.query("curl", "--disable", "--silent", "--globoff", "--config", "-")
    command.input = Array(Self.configuration(requests, patience, folder).utf8)
    let result = try await run(command)
    // A line for each: status, curl's own status, its message.
    let lines = result.outputText.split(separator: "\n")
    var answers: [HTTPResponse] = []
    for (number, request) in requests.enumerated() {
      guard number < lines.count else { throw failure(of: command, result, to: "send \(request.url)") }
      let words = lines[number].split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
      guard words.count >= 2, let status = Int(words[0]), let exit = Int(words[1]) else {
        throw failure(of: command, result, to: "send \(request.url)")
      }
      guard exit == 0 else {
        throw HostError(
          exit == 28 ? .timeout : .connection, "no answer from \(request.url): \(words.count > 2 ? words[2] : "?")",
          hint: "check the address and the network (curl's error \(exit))")
      }
      answers.append(HTTPResponse(status: status, body: try folder.answer(to: number)))
    }
    return answers
  }

  /// Sends one request, whose answer must be a success.
  /// - Throws: as `http(_:)`; `missing` for the status 404, `permission` for 401 and 403, `connection` for 429
  ///   and those from 500 on, which may pass, `system` for others.
  public func require(_ request: HTTPRequest, patience: HTTPPatience = HTTPPatience()) async throws(HostError)
    -> HTTPResponse
  {
    let responses = try await http([request], patience: patience)
    guard let response = responses.first else { throw HostError(.system, "no answer from \(request.url)") }
    guard response.isSuccess else { throw Self.refusal(of: request, response) }
    return response
  }

  /// The error of an answer that is none.
  static func refusal(of request: HTTPRequest, _ response: HTTPResponse) -> HostError {
    let code: HostError.Code =
      switch response.status {
      case 404: .missing
      case 401, 403: .permission
      case 429, 500...: .connection
      default: .system
      }
    return HostError(
      code, "\(request.method) \(request.url) was answered with status \(response.status)",
      detail: String(response.text.prefix(2000)))
  }

  // MARK: - curl's configuration

  private static func configuration(
    _ requests: [HTTPRequest], _ patience: HTTPPatience, _ folder: HTTPFolder
  ) -> String {
    var text = ""
    for (number, request) in requests.enumerated() {
      if number > 0 { text += "next\n" }
      text += "url = \(quoted(request.url))\nproto = \"=http,https\"\nproto-redir = \"=http,https\"\n"
      text += "connect-timeout = 20\nmax-time = \(patience.timeLimit.seconds)\n"
      text += "retry = \(patience.retries)\nretry-connrefused\n"
      text += request.method == "GET" ? "location\n" : "request = \(quoted(request.method))\n"
      if request.body != nil {
        text += "header = \"content-type: application/json\"\n"
        text += "data-binary = \(quoted("@" + folder.question(number)))\n"
      }
      // Into a file, which a second try begins anew.
      text += "output = \(quoted(folder.place(ofAnswer: number)))\n"
      text += "write-out = \"%{http_code} %{exitcode} %{errormsg}\\n\"\n"
    }
    return text
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// A folder for what is sent and answered, that only the caller can read.
private struct HTTPFolder {
  private let path: String
  private let count: Int

  init(_ requests: [HTTPRequest], environment: [String: String]) throws(HostError) {
    var template = Array(((environment["TMPDIR"] ?? "/tmp") + "/kdevlua-http-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw .system("could not make a temporary folder", errno: errno) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    count = requests.count
    do throws(HostError) {
      for (number, request) in requests.enumerated() {
        if let body = request.body { try Files.write(body, to: question(number), mode: 0o600) }
      }
    } catch {
      remove()
      throw error
    }
  }

  func question(_ number: Int) -> String { "\(path)/\(number).in" }
  func place(ofAnswer number: Int) -> String { "\(path)/\(number).out" }

  /// An answer without a body leaves no file.
  func answer(to number: Int) throws(HostError) -> [UInt8] {
    let place = place(ofAnswer: number)
    return Files.exists(place) ? try Files.read(place) : []
  }

  func remove() {
    for number in 0..<count {
      unlink(question(number))
      unlink(place(ofAnswer: number))
    }
    rmdir(path)
  }
}

extension JSONValue {
  /// Reads JSON that a server sent.
  /// - Parameter source: the address, for the error.
  /// - Throws: `system` when it is no JSON.
  static func read(_ response: HTTPResponse, from source: String) throws(HostError) -> JSONValue {
    guard let value = JSONValue(json: response.body) else {
      throw HostError(.system, "\(source) did not answer with JSON", detail: String(response.text.prefix(500)))
    }
    return value
  }
}
