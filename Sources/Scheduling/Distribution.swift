import Host

/// The distributions whose versions teuthology knows by number and by name (teuthology's opsys.py).
enum Distribution {
  /// A version for a version or its name, as "22.04" for "jammy".
  /// - Throws: `invalid` for what is neither.
  static func version(_ text: String, of distribution: String) throws(HostError) -> String {
    guard let names = names[distribution] else {
      throw HostError(.invalid, "the distribution \(distribution) is unknown", hint: known)
    }
    if let version = names.first(where: { $0.name == text })?.version { return version }
    // As teuthology looks: 9.stream is a version of which 9 is known.
    let major = text.prefix { $0 != "." }
    guard names.contains(where: { $0.version == text || $0.version == major }) else {
      throw HostError(
        .invalid, "\(text) is no version of \(distribution)",
        hint: "one of " + names.map(\.version).joined(separator: ", "))
    }
    return text
  }

  private static var known: String { "one of " + names.keys.sorted().joined(separator: ", ") }

  /// What the lab takes when only the distribution is said.
  static let defaultVersions = [
    "ubuntu": "22.04", "fedora": "25", "centos": "9.stream", "opensuse": "15.6", "sle": "15.2", "rhel": "8.6",
    "rocky": "9.7", "alma": "9.7", "debian": "8.0",
  ]

  /// The name that Shaman has for packages, as "centos/9/x86_64".
  static func shamanName(osType: String?, osVersion: String?, architecture: String = "x86_64") throws(HostError)
    -> String
  {
    let type = osType ?? "centos"
    guard let version = osVersion ?? defaultVersions[type] else {
      throw HostError(.invalid, "the distribution \(type) is unknown", hint: known)
    }
    var plain = try self.version(version, of: type)
    // Packages of the RHEL family are built for the major version.
    if ["centos", "rhel", "rocky", "alma"].contains(type) { plain = String(plain.prefix { $0 != "." }) }
    return "\(type == "rhel" ? "centos" : type)/\(plain)/\(architecture)"
  }

  private static let names: [String: [(version: String, name: String)]] = [
    "ubuntu": [
      ("24.04", "noble"), ("22.04", "jammy"), ("20.04", "focal"), ("18.04", "bionic"), ("16.04", "xenial"),
      ("14.04", "trusty"), ("12.04", "precise"),
    ],
    "debian": [
      ("7", "wheezy"), ("8", "jessie"), ("9", "stretch"), ("10", "buster"), ("11", "bullseye"), ("12", "bookworm"),
    ],
    "rhel": [("9", "plow"), ("8", "ootpa"), ("7", "maipo"), ("6", "santiago")],
    "alma": [("8.10", "alma"), ("9.7", "alma"), ("10.1", "alma")],
    "rocky": [("8.10", "rocky"), ("9.7", "rocky"), ("10.1", "rocky")],
    "centos": [("10", "stream"), ("9", "stream"), ("8", "core"), ("7", "core"), ("6", "core")],
    "fedora": (22...28).reversed().map { ("\($0)", "\($0)") },
    "opensuse": ["15.0", "15.1", "15.2", "15.3", "15.4", "15.5", "15.6", "16.0", "42.3"].map { ($0, "leap") }
      + [("1.0", "tumbleweed")],
    "sle": ["12.1", "12.2", "12.3", "15.0", "15.1", "15.2", "15.3", "15.4", "15.5", "15.6", "15.7"].map { ($0, "sle") },
  ]
}
