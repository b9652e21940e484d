/// Arithmetic on IPv4 addresses.
public enum IPv4 {
  /// An address of a host with the length of its network's prefix.
  public struct Network: Sendable, Equatable {
    let bits: UInt32
    public let prefixLength: Int

    /// - Parameter text: `192.168.77.1/24`.
    /// - Throws: `invalid`.
    public init(_ text: String) throws(HostError) {
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, let bits = IPv4.parse(String(parts[0])), let length = Int(parts[1]),
        (8...30).contains(length)
      else {
        throw HostError(
          .invalid, "\"\(text)\" is not an address with the length of its network, such as 192.168.77.1/24")
      }
      self.bits = bits
      prefixLength = length
    }

    /// Of a host, and not that of the network itself or of all its hosts.
    var isHost: Bool { bits & ~mask != 0 && bits | mask != UInt32.max }

    var mask: UInt32 { UInt32.max << UInt32(32 - prefixLength) }
    /// The host's own address.
    public var host: String { IPv4.text(bits) }
    public var text: String { "\(host)/\(prefixLength)" }
    /// The network itself: 192.168.77.0/24.
    var networkText: String { "\(IPv4.text(bits & mask))/\(prefixLength)" }
    var maskText: String { IPv4.text(mask) }
    /// The first and the last address that a host may have.
    var first: String { IPv4.text(bits & mask | 1) }
    var last: String { IPv4.text((bits | ~mask) - 1) }

    /// Whether an address with its own prefix lies in this network, or holds it.
    func overlaps(_ other: Link.Address) -> Bool {
      guard let otherBits = IPv4.parse(other.address) else { return false }
      let common = UInt32.max << UInt32(32 - min(prefixLength, max(1, other.prefixLength)))
      return bits & common == otherBits & common
    }

    /// The addresses of the network that a host may have, without this one.
    public func address(_ number: UInt32) -> String? {
      let candidate = (bits & mask) | (number & ~mask)
      return candidate == bits || number & ~mask == 0 || number & ~mask == ~mask ? nil : IPv4.text(candidate)
    }
  }

  static func parse(_ text: String) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bits: UInt32 = 0
    for part in parts {
      // To inet_aton(3) a number with a leading 0 is an octal one.
      guard part == "0" || !part.hasPrefix("0"), part.count <= 3, !part.isEmpty, part.allSatisfy(\.isNumber),
        let byte = UInt8(part)
      else { return nil }
      bits = bits << 8 | UInt32(byte)
    }
    return bits
  }

  static func text(_ bits: UInt32) -> String {
    [24, 16, 8, 0].map { String(bits >> UInt32($0) & 0xff) }.joined(separator: ".")
  }
}
