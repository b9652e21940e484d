import FoundationEssentials
import Glibc

/// What an image has to be: a checksum as its publisher prints it.
public enum DiskChecksum: Sendable, Equatable {
  case sha256(String)
  case sha512(String)

  var program: String {
    switch self {
    case .sha256: "sha256sum"
    case .sha512: "sha512sum"
    }
  }
  /// In small letters.
  var hexadecimal: String {
    switch self {
    case .sha256(let text), .sha512(let text): text.lowercased()
    }
  }
  /// - Returns: nil for what cannot be such a checksum: 64 or 128 hexadecimal digits.
  public init?(sha256 text: String) {
    guard text.count == 64, text.allSatisfy(\.isHexDigit) else { return nil }
    self = .sha256(text)
  }
  public init?(sha512 text: String) {
    guard text.count == 128, text.allSatisfy(\.isHexDigit) else { return nil }
    self = .sha512(text)
  }
}

/// Where an image comes from.
public enum DiskSource: Sendable, Equatable {
  case url(String)
  case path(String)
}

extension LocalHost {
  /// A cloud or ISO image, to be booted from or to put overlays on. From an address it is fetched once, into the cache, where
  /// it can only be read.
  /// - Parameters:
  ///   - checksum: what it has to be. A file is looked at once, and again when it was changed.
  ///   - format: nil looks into the image.
  ///   - timeLimit: for the download.
  /// - Throws: `missing` when it is not there; `conflict` when the checksum is another, with both, or when a fetched image
  ///   stands on a file of this machine; `system` or `timeout` when the server does not give it; `command`, such as no space.
  public func image(
    _ source: DiskSource, checksum: DiskChecksum?, format: Disk.Format? = nil, timeLimit: Duration? = nil,
    in transaction: Transaction
  ) async throws(HostError) -> Disk {
    switch source {
    case .path(let path):
      return try await step("image \(Files.name(of: path))") { step async throws(HostError) in
        let disk = try await disk(at: path, format: format, inUse: true)
        if let checksum { try await verify(disk.path, checksum, noted: state.cache + "/images", step) }
        step.adopted(disk.text)
        return disk
      }
    case .url(let url):
      let name = try Self.fileName(of: url)
      return try await step("image \(name)") { step async throws(HostError) in
        try await cached(url, name, checksum, format, timeLimit, step, in: transaction)
      }
    }
  }

  private func cached(
    _ url: String, _ name: String, _ checksum: DiskChecksum?, _ format: Disk.Format?, _ timeLimit: Duration?,
    _ step: Step, in transaction: Transaction
  ) async throws(HostError) -> Disk {
    // A folder for what it has to be, or for where it comes from: one name may stand for several images.
    let folder =
      state.cache + "/images/"
      + (checksum.map { String($0.hexadecimal.prefix(32)) } ?? "url-" + String(fnv1a(url), radix: 16))
    let path = folder + "/" + name
    if isDryRun, !Files.exists(path) {
      _ = plans("curl --location --output \(ShellText.quote(path)) \(ShellText.quote(url))")
      return Disk(path: path, format: format ?? .raw, size: ByteSize(bytes: 1 << 20), backing: nil)
    }
    let lock = try await cacheLock(folder)
    defer { withExtendedLifetime(lock) {} }
    if Files.exists(path) {
      if let checksum { try await verify(path, checksum, noted: folder, step) }
      let disk = try await disk(at: path, format: format, inUse: true)
      step.adopted("\(disk.text), from the cache")
      return disk
    }
    try await withPartial(of: path, in: transaction) { partial async throws(HostError) in
      try await self.download(url, to: partial, timeLimit, step)
      if let checksum { try await self.verify(partial, checksum, noted: nil, step, of: url) }
      let disk = try await self.disk(at: partial, format: format, inUse: true)
      // Such an image would show its guest any file of this machine.
      if let backing = disk.backing {
        throw HostError(.conflict, "the image \(url) stands on another file, \(backing), and is not taken")
      }
      try Files.setMode(0o444, of: partial)
    }
    if let checksum {
      try note(path, in: folder, checksum)
    } else {
      note("\(name) is not verified; give its sha256 to have it checked")
    }
    let disk = try await disk(at: path, format: format, inUse: true)
    step.detail("\(disk.text), \(ByteSize.rounded(Files.size(path) ?? 0)) fetched")
    return disk
  }

  /// Fetches a file by curl(1). The address goes to it by its standard input, as it may hold a secret.
  private func download(_ url: String, to path: String, _ timeLimit: Duration?, _ step: Step) async throws(HostError) {
    var command = Command.change(
      "curl", "--disable", "--fail", "--location", "--globoff", "--proto", "=http,https", "--proto-redir",
      "=http,https",
      "--connect-timeout", "20", "--retry", "3", "--progress-bar", "--output", path, "--config", "-")
    command.input = Array("url = \"\(url.filter { $0 != "\"" && $0 != "\\" && !$0.isNewline })\"\n".utf8)
    command.error = .chunks { chunk async throws(HostError) in
      // `####   12.3%`, with a carriage return before each.
      let words = String(decoding: chunk, as: UTF8.self).split { $0 == "\r" || $0 == " " || $0 == "\n" }
      if let last = words.last, last.hasSuffix("%"), let percent = Double(last.dropLast()) {
        step.progress("fetching, \(Int(percent)) %")
      }
    }
    let result = try await run(command, timeLimit: timeLimit)
    guard !result.succeeded else { return }
    // curl's exit statuses (curl(1), EXIT CODES).
    switch result.status {
    case 22: throw HostError(.missing, "the server does not give \(url)", hint: "check the address (curl's error 22)")
    case 23:
      throw HostError(
        .command, "could not write \(path): the file system may be full",
        hint: "make room on the file system (df -h), or set KDEVLUA_CACHE to another folder", status: result.status)
    case 28: throw HostError(.timeout, "\(url) did not come in time")
    default:
      throw HostError(
        .system, "could not fetch \(url)", hint: "check the address and the network (curl's error \(result.status))",
        status: result.status)
    }
  }

  /// Looks whether a file has the checksum, unless it was looked at before and has not been changed since.
  /// - Parameters:
  ///   - folder: where it is noted.
  ///   - url: where the file comes from, for the error.
  private func verify(
    _ path: String, _ checksum: DiskChecksum, noted folder: String?, _ step: Step, of url: String? = nil
  ) async throws(HostError) {
    if let folder, isNoted(path, checksum, in: folder) { return }
    step.progress("verifying")
    let result = try await require(.query(checksum.program, "--binary", "--", path), to: "verify \(path)")
    // A name with a backslash or line feed has a backslash before its line (sha256sum(1)).
    let found = result.outputText.drop { $0 == "\\" }.prefix { $0 != " " }
    guard found == checksum.hexadecimal else {
      throw HostError(
        .conflict,
        "\(url ?? path) is not what it should be: its \(checksum.program.dropLast(3)) is \(found), "
          + "wanted is \(checksum.hexadecimal)",
        hint: url == nil ? "remove it, and fetch it anew" : "the server may have a newer one: see what it publishes")
    }
    if let folder { try note(path, in: folder, checksum) }
  }

  private func isNoted(_ path: String, _ checksum: DiskChecksum, in folder: String) -> Bool {
    guard let identity = FileIdentity(path), let bytes = try? Files.read(notePath(path, in: folder)),
      let known = try? JSONDecoder().decode(VerifiedFile.self, from: Data(bytes))
    else { return false }
    return known.identity == identity && known.checksum == checksum.hexadecimal
  }

  private func note(_ path: String, in folder: String, _ checksum: DiskChecksum) throws(HostError) {
    guard let identity = FileIdentity(path) else { return }
    try Files.makeFolder(folder)
    let note = VerifiedFile(checksum: checksum.hexadecimal, identity: identity)
    guard let bytes = try? JSONEncoder().encode(note) else { return }
    try Files.write([UInt8](bytes), to: notePath(path, in: folder))
  }

  private func notePath(_ path: String, in folder: String) -> String {
    "\(folder)/.verified-\(String(fnv1a(path), radix: 16))"
  }

  /// - Throws: `invalid` for what is no address of a file.
  private static func fileName(of url: String) throws(HostError) -> String {
    let path = url.prefix { $0 != "?" && $0 != "#" }
    let name = Files.name(of: String(path))
    guard url.hasPrefix("http://") || url.hasPrefix("https://"), path.split(separator: "/").count > 2, !name.isEmpty,
      name != ".", name != "..", !name.hasPrefix("."), url.allSatisfy({ !$0.isWhitespace && $0 != "\"" && $0 != "\\" })
    else {
      throw HostError(.invalid, "\"\(url)\" is not the address of an image: https://HOST/PATH/NAME expected")
    }
    return name
  }
}

/// Which content was found to be right.
private struct VerifiedFile: Codable {
  var checksum: String
  var identity: FileIdentity
}

extension ByteSize {
  /// A size for people: `1.5M`.
  static func rounded(_ bytes: Int) -> String {
    var (number, suffix) = (Double(bytes), "")
    for next in ["K", "M", "G", "T"] where number >= 1024 { (number, suffix) = (number / 1024, next) }
    let tenths = (number * 10).rounded() / 10
    return (tenths == tenths.rounded() ? "\(Int(tenths))" : "\(tenths)") + suffix
  }
}
