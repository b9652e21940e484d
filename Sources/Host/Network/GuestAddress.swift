import Glibc

/// What the guest's init configures its first card with.
public enum GuestAddress {
  /// Whether a text is "dhcp", or "ADDRESS/PREFIX[,GATEWAY[,DNS]]" of IPv4 or IPv6, for a host; the gateway may be empty.
  public static func isOne(_ text: String) -> Bool {
    if text == "dhcp" { return true }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let own = parts[0].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 3, own.count == 2, isAddress(own[0]), let length = Int(own[1]),
      (1...(own[0].contains(":") ? 128 : 32)).contains(length),
      (try? IPv4.Network(parts[0]))?.isHost ?? true
    else { return false }
    return parts.dropFirst().enumerated().allSatisfy { place, part in
      isAddress(part) || part.isEmpty && place == 0 && parts.count == 3
    }
  }

  private static func isAddress(_ text: String) -> Bool {
    var bytes = in6_addr()
    return text.contains(":") ? inet_pton(AF_INET6, text, &bytes) == 1 : IPv4.parse(text) != nil
  }
}
