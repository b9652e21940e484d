public import Host
public import Suite

/// What teuthology.yaml says of the lab: `$TEUTHOLOGY_CONFIG`, else `~/.teuthology.yaml`, else `/etc/teuthology.yaml`. What it
/// does not say is as teuthology has it.
public struct LabConfiguration: Sendable, Equatable {
  /// The file; nil when there is none.
  public private(set) var file: String?
  private let values: YAMLMapping

  /// A configuration of these values.
  public init(_ values: YAMLMapping = [:]) { self.values = values }

  /// Reads the file.
  /// - Throws: `YAMLError` for a mistake in it, `HostError` when it cannot be read or is no mapping.
  public init(environment: [String: String]) throws {
    var places = ["/etc/teuthology.yaml"]
    if let home = Identity.home(environment: environment) { places.insert(home + "/.teuthology.yaml", at: 0) }
    if let own = environment["TEUTHOLOGY_CONFIG"], !own.isEmpty {
      guard Files.exists(own) else {
        throw HostError(.missing, "there is no file \(own), which TEUTHOLOGY_CONFIG names")
      }
      places.insert(own, at: 0)
    }
    guard let file = places.first(where: Files.exists) else {
      self.init()
      return
    }
    let value = try YAMLValue(yaml: try Files.text(file), file: file)
    guard let mapping = value.isNull ? [:] : value.mapping else {
      throw HostError(.invalid, "\(file): must be a mapping, not a \(value.kind)")
    }
    self.init(mapping)
    self.file = file
  }

  private func text(_ name: String) -> String? {
    guard let value = values[name]?.string, !value.isEmpty else { return nil }
    return value
  }

  /// A text that may be there and empty, which means "none".
  private func server(_ name: String, default address: String) -> String? {
    guard let value = values[name] else { return address }
    return value.isTruthy ? value.string : nil
  }

  /// What the lab's servers are; nil when the file says that there is none.
  public var resultsServer: ResultsServer? {
    server("results_server", default: "https://paddles.front.sepia.ceph.com/").map { ResultsServer(server: $0) }
  }
  /// The address of the lock server.
  public var lockServer: String? { server("lock_server", default: "https://paddles.front.sepia.ceph.com/") }
  /// Where Shaman is; `shaman_host` may be a name, which means https, or an address with its scheme.
  public var shaman: Shaman {
    let host = text("shaman_host") ?? "shaman.ceph.com"
    return Shaman(server: host.contains("://") ? host : "https://" + host)
  }
  /// Where people look at results: the page of a run.
  public func page(ofRun name: String) -> String? {
    guard let server = server("results_ui_server", default: "https://pulpito.ceph.com/") else { return nil }
    return HTTPRequest.url(server, [name]) + "/"
  }

  /// Where the queue is; nil when the file does not say.
  public var queue: (host: String, port: Int)? {
    guard let host = text("queue_host"), case .integer(let port)? = values["queue_port"] else { return nil }
    return (host, port)
  }

  private var gitBase: String { text("ceph_git_base_url") ?? "https://github.com/ceph/" }
  public var cephRepository: String { text("ceph_git_url") ?? gitBase + "ceph-ci.git" }
  public var suiteRepository: String { text("ceph_qa_suite_git_url") ?? cephRepository }
  public var teuthologyRepository: String { text("teuthology_git_url") ?? gitBase + "teuthology.git" }
  public var teuthologyBranch: String? { text("teuthology_branch") }

  public var defaultMachineType: String? { text("default_machine_type") }
  public var jobThreshold: Int { integer("job_threshold") ?? 500 }
  public var resultsTimeout: Int { integer("results_timeout") ?? 43200 }
  public var archiveUpload: String? { text("archive_upload") }
  public var archiveUploadKey: String? { text("archive_upload_key") }
  public var verifiesPackages: Bool { values["suite_verify_ceph_hash"]?.isTruthy ?? true }
  public var allowsMissingPackages: Bool { values["suite_allow_missing_packages"]?.isTruthy ?? false }

  private func integer(_ name: String) -> Int? {
    if case .integer(let number)? = values[name] { number } else { nil }
  }
}
