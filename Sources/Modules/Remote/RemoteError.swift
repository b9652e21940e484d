import Host
import LuaKit

/// What failed on another machine, with the fields that the error has there.
struct RemoteError: LuaErrorFields {
  let kind: String
  let message: String
  let text: String
  private let fields: [LuaValue.Field]

  /// All fields that errors of kdev have; see errors.md.
  private static let names = [
    "hint", "command", "status", "stderr", "report", "line", "column", "seconds", "errors", "interrupted",
  ]

  func field(_ name: String) -> LuaValue { fields.first { $0.key == .string(name) }?.value ?? .nil }

  /// Reads what ``write(_:to:)`` wrote.
  init(_ body: [UInt8], from peer: Peer) {
    var reader = WireReader(body, from: peer)
    kind = reader.text()
    message = reader.text()
    text = "on \(peer.name): \(reader.text())"
    var fields = [LuaValue.Field(.string("host"), .string(peer.name))]
    if let values = JSONValue(json: Array(reader.text().utf8)), case .table(let more) = LuaValue(values) {
      fields += more
    }
    self.fields = fields
  }

  /// The error of a task, as bytes.
  static func body(of error: any Error, for peer: Peer) -> [UInt8] {
    let cause = (error as? LuaError)?.underlying ?? error
    var writer = WireWriter(peer)
    let known = cause as? any LuaErrorFields
    writer.write(text: known?.kind ?? "error")
    writer.write(text: known?.message ?? (error as? LuaError)?.message ?? "\(error)")
    writer.write(text: known?.text ?? (error as? LuaError)?.message ?? "\(error)")
    let fields = names.compactMap { name -> (String, LuaValue)? in
      guard let value = known?.field(name), !value.isNil else { return nil }
      return (name, value)
    }
    writer.write(text: JSONValue(LuaValue.record(fields)).text)
    return writer.bytes
  }
}
