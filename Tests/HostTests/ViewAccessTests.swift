import Testing

@testable import Host

@Suite struct ViewAccessTests {
  private func request(_ target: String, cookie: String? = nil, host: String = "127.0.0.1:8000") -> ViewAccess.Request {
    ViewAccess.Request(target: target, host: host, origin: "http://" + host, cookie: cookie)
  }

  /// The page and the cookie that the token is good for.
  private func enter(_ access: ViewAccess) throws -> (page: String, cookie: String) {
    guard case .enter(let page, let cookie) = access.answer(request("/?token=" + access.token)) else {
      throw HostError(.invalid, "the token is not taken")
    }
    return (page, String(cookie.prefix { $0 != ";" }))
  }

  private func isRefused(_ answer: ViewAccess.Answer) -> Bool { if case .refused = answer { true } else { false } }

  @Test func aTokenIsGoodForOneBrowser() throws {
    let access = ViewAccess()
    #expect(isRefused(access.answer(request("/"))))
    #expect(isRefused(access.answer(request("/?token=" + String(access.token.dropLast())))))
    #expect(isRefused(access.answer(request("/?token=" + access.place))))
    // Nor does asking for the head use it up.
    var head = request("/?token=" + access.token)
    head.method = "HEAD"
    #expect(isRefused(access.answer(head)))
    let (page, cookie) = try enter(access)
    #expect(page.hasPrefix("/\(access.place)/vnc.html?"))
    #expect(isRefused(access.answer(request("/?token=" + access.token))))
    // The browser that has used it gets in again.
    guard case .enter = access.answer(request("/?token=" + access.token, cookie: "a=b; " + cookie)) else {
      Issue.record("refused")
      return
    }
  }

  @Test func filesAreForWhoHasTheCookieAndKnowsThePlace() throws {
    let access = ViewAccess()
    let (_, cookie) = try enter(access)
    #expect(access.answer(request("/\(access.place)/app/ui.js?v=1", cookie: cookie)) == .file("app/ui.js"))
    #expect(isRefused(access.answer(request("/\(access.place)/app/ui.js"))))
    #expect(isRefused(access.answer(request("/\(access.place)/app/ui.js", cookie: cookie + "0"))))
    #expect(isRefused(access.answer(request("/app/ui.js", cookie: cookie))))
    #expect(
      isRefused(access.answer(request("/\(access.place)/app/ui.js", cookie: cookie, host: "kernel.example:8000"))))
  }

  @Test(arguments: ["", "..", "../a", "a/../b", "a//b", "a/", "/a", ".git", "a/.b", "%2e%2e/a", "a\\b", "a\u{0}b", "ä"])
  func aPathThatLeadsOutOfTheFolderIsNone(_ path: String) { #expect(ViewAccess.file(path) == nil) }

  @Test func aSocketIsForOurOwnPageAlone() throws {
    let access = ViewAccess()
    let (_, cookie) = try enter(access)
    #expect(access.admitsSocket(request(access.screen, cookie: cookie)))
    #expect(!access.admitsSocket(request(access.screen)))
    #expect(!access.admitsSocket(request("/screen", cookie: cookie)))
    var foreign = request(access.screen, cookie: cookie)
    foreign.origin = "http://kernel.example"
    #expect(!access.admitsSocket(foreign))
    foreign.origin = nil
    #expect(!access.admitsSocket(foreign))
    #expect(!access.admitsSocket(request(access.screen, cookie: cookie, host: "kernel.example")))
  }
}
