/// A number of bytes, as qemu-img and QEMU write it: a number with an optional suffix K, M, G, T or P (powers of 1024).
public struct ByteSize: Sendable, Hashable {
  public let bytes: Int

  public init(bytes: Int) { self.bytes = bytes }

  /// - Parameter text: `128G`, `512M`, `1.5T`, `4096`; an `iB` or `B` after the suffix is taken too.
  /// - Throws: `invalid`.
  public init(_ text: String) throws(HostError) {
    var digits = text.uppercased()
    for tail in ["IB", "B"] where digits.hasSuffix(tail) {
      digits.removeLast(tail.count)
      break
    }
    var shift = 0
    if let suffix = digits.last, let place = "KMGTP".firstIndex(of: suffix) {
      shift = ("KMGTP".distance(from: "KMGTP".startIndex, to: place) + 1) * 10
      digits.removeLast()
    }
    guard let number = Double(digits), number > 0, digits.allSatisfy({ $0.isNumber || $0 == "." }),
      number * Double(1 << shift) < Double(Int.max >> 1)
    else {
      throw HostError(
        .invalid, "\"\(text)\" is not a size: a number of bytes, or one with K, M, G, T or P behind it, such as 128G")
    }
    bytes = Int(number * Double(1 << shift))
  }

  /// The shortest exact way to write it.
  public var text: String {
    var (number, suffix) = (bytes, "")
    for next in ["K", "M", "G", "T", "P"] where number % 1024 == 0 && number > 0 {
      (number, suffix) = (number / 1024, next)
    }
    return "\(number)\(suffix)"
  }
}
