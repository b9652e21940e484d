import FoundationEssentials

/// Base64 (RFC 4648), for bytes that travel in lines.
enum Base64 {
  static func encode(_ bytes: ArraySlice<UInt8>) -> String { Data(bytes).base64EncodedString() }
}
