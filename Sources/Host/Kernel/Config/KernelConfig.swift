/// The options of a `.config` or of a fragment, without their `CONFIG_`.
public struct KernelConfig: Sendable, Equatable {
  /// The values as they stand there: `y`, `m`, `"text"`, `0x10`; `n` for `# CONFIG_A is not set`.
  public var values: [String: String] = [:]
  /// The names in the order of the file; a name that comes again counts where it is last.
  public private(set) var names: [String] = []

  public init() {}

  /// Lines that are neither an option nor say that one is not set are comments (scripts/kconfig/confdata.c).
  public init(_ bytes: [UInt8]) {
    let head = Array("CONFIG_".utf8)
    let unset = Array("# CONFIG_".utf8)
    let end = Array(" is not set".utf8)
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      if line.starts(with: head) {
        let rest = line.dropFirst(head.count)
        guard let equal = rest.firstIndex(of: UInt8(ascii: "=")) else { continue }
        var value = rest[(equal + 1)...]
        while let last = value.last, last == UInt8(ascii: "\r") || last == UInt8(ascii: " ") { value.removeLast() }
        set(String(decoding: rest[..<equal], as: UTF8.self), to: String(decoding: value, as: UTF8.self))
      } else if line.starts(with: unset), line.count > unset.count + end.count {
        let rest = line.dropFirst(unset.count)
        guard let space = rest.firstIndex(of: UInt8(ascii: " ")), rest[space...].starts(with: end) else { continue }
        set(String(decoding: rest[..<space], as: UTF8.self), to: "n")
      }
    }
  }

  /// - Throws: `missing` or `permission` when it cannot be read.
  public init(path: String) throws(HostError) { self.init(try Files.read(path)) }

  public mutating func set(_ name: String, to value: String) {
    if values.updateValue(value, forKey: name) == nil { names.append(name) }
  }

  /// The value; `n` when it is not there, since Kconfig leaves out what cannot be set.
  public func value(_ name: String) -> String { values[name] ?? "n" }

  /// The text of a fragment with these options.
  public var fragmentText: [UInt8] {
    let lines = names.map { name in
      let value = self.value(name)
      return value == "n" ? "# CONFIG_\(name) is not set\n" : "CONFIG_\(name)=\(value)\n"
    }
    return Array(lines.joined().utf8)
  }

  /// The options that differ, by name. What is not there is `n`.
  public static func difference(_ one: KernelConfig, _ other: KernelConfig) -> [(
    name: String, one: String, other: String
  )] {
    Set(one.names).union(other.names).sorted().compactMap { name in
      let values = (one.value(name), other.value(name))
      return values.0 == values.1 ? nil : (name, values.0, values.1)
    }
  }
}
