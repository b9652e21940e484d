/// Shaman, which knows what was built where (https://github.com/ceph/shaman).
public struct Shaman: Sendable, Equatable {
  /// Its address, as "https://shaman.ceph.com".
  public var server: String

  public init(server: String) { self.server = server }

  /// A finished build: packages that can be installed.
  public struct Repository: Sendable, Equatable {
    public var ref: String
    public var commit: String
    /// "centos/9".
    public var distro: String
    public var flavor: String
    /// Where its packages are.
    public var url: String
    /// The version of the packages.
    public var version: String?
  }

  /// A build, finished or not.
  public struct Build: Sendable, Equatable {
    public var ref: String
    public var commit: String
    /// "centos/9"; nil while nothing is built.
    public var distro: String?
    public var architecture: String?
    public var flavor: String
    /// "queued", "started", "completed", "failed", or another word of Shaman's.
    public var status: String
    /// The page of the build.
    public var url: String?
    /// Its output.
    public var log: String?

    public var isFailed: Bool { status == "failed" || status == "aborted" }
  }

  /// Which packages are wanted.
  public struct Wish: Sendable, Equatable, Hashable {
    public var project: String
    public var ref: String?
    public var commit: String?
    public var flavor: String
    /// "centos/9/x86_64".
    public var distro: String

    public init(
      project: String, ref: String? = nil, commit: String? = nil, flavor: String = "default",
      distro: String = "centos/9/x86_64"
    ) {
      self.project = project
      self.ref = ref
      self.commit = commit
      self.flavor = flavor
      self.distro = distro
    }
  }
}

extension LocalHost {
  /// Looks for packages that can be installed, the newest first: `GET /api/search?status=ready&...`.
  /// - Returns: none when nothing is built yet.
  public func search(_ shaman: Shaman, _ wish: Shaman.Wish, patience: HTTPPatience = HTTPPatience())
    async throws(HostError) -> [Shaman.Repository]
  {
    var query = [
      ("status", "ready"), ("project", wish.project), ("flavor", wish.flavor), ("distros", wish.distro),
    ]
    if let commit = wish.commit { query.append(("sha1", commit)) } else { query.append(("ref", wish.ref ?? "")) }
    let url = HTTPRequest.url(shaman.server, ["api", "search"], query: query)
    let answer = try await require(HTTPRequest("GET", url), patience: patience)
    guard let list = try JSONValue.read(answer, from: url).array else {
      throw HostError(.system, "\(url) did not answer with a list", detail: String(answer.text.prefix(500)))
    }
    return list.compactMap { entry in
      guard let commit = entry["sha1"]?.string else { return nil }
      let distro = [entry["distro"]?.string, entry["distro_version"]?.string].compactMap { $0 }
      return Shaman.Repository(
        ref: entry["ref"]?.string ?? "", commit: commit, distro: distro.joined(separator: "/"),
        flavor: entry["flavor"]?.string ?? wish.flavor, url: entry["url"]?.string ?? "",
        version: entry["extra"]?["package_manager_version"]?.string)
    }
  }

  /// The builds of a branch's commit, the last changed first: `GET /api/builds/PROJECT/REF/COMMIT/`.
  /// - Parameter commit: nil is any of which Shaman knows.
  /// - Returns: none when Shaman has never heard of it.
  public func builds(
    _ shaman: Shaman, project: String, ref: String, commit: String? = nil, patience: HTTPPatience = HTTPPatience()
  ) async throws(HostError) -> [Shaman.Build] {
    var commits = commit.map { [$0] } ?? []
    if commit == nil {
      commits = try await list(shaman, ["api", "builds", project, ref, ""], patience).compactMap(\.string)
    }
    var builds: [Shaman.Build] = []
    for commit in commits {
      for entry in try await list(shaman, ["api", "builds", project, ref, commit, ""], patience) {
        let distro = [entry["distro"]?.string, entry["distro_version"]?.string].compactMap { $0 }
        builds.append(
          Shaman.Build(
            ref: entry["ref"]?.string ?? ref, commit: entry["sha1"]?.string ?? commit,
            distro: distro.isEmpty ? nil : distro.joined(separator: "/"), architecture: entry["distro_arch"]?.string,
            flavor: entry["flavor"]?.string ?? "default", status: entry["status"]?.string ?? "unknown",
            url: entry["url"]?.string, log: entry["log_url"]?.string))
      }
    }
    return builds
  }

  /// A list that may not be there.
  private func list(_ shaman: Shaman, _ path: [String], _ patience: HTTPPatience) async throws(HostError)
    -> [JSONValue]
  {
    let request = HTTPRequest("GET", HTTPRequest.url(shaman.server, path))
    let responses = try await http([request], patience: patience)
    guard let response = responses.first, response.status != 404 else { return [] }
    guard response.isSuccess else { throw Self.refusal(of: request, response) }
    return try JSONValue.read(response, from: request.url).array ?? []
  }
}
