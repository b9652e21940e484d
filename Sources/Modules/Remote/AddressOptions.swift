import Host

extension Options {
  /// Another machine by the fields `port`, `identity`, `config` and `options`, and its name in the field `name`.
  func remoteAddress(_ name: String) throws -> RemoteAddress {
    var address = try RemoteAddress(required(name))
    if let port = try integer("port", in: 1...65535) { address.port = port }
    address.identity = try string("identity")
    address.config = try string("config")
    for (name, value) in try texts("options") { address.options[name] = String(decoding: value, as: UTF8.self) }
    return address
  }
}
