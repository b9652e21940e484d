import LuaKit

/// Reads JSON (RFC 8259) straight onto a Lua stack.
struct JSONReader {
  private let lua: LuaState
  /// Held by Lua while this reads.
  private let text: UnsafeRawBufferPointer
  private var place = 0
  private var depth = 0

  private init(_ lua: LuaState, _ text: UnsafeRawBufferPointer) {
    self.lua = lua
    self.text = text
  }

  /// Pushes the value of a text, which stays on Lua's stack meanwhile.
  /// - Throws: kind "json", with line and column; then nothing is pushed.
  static func push(_ text: UnsafeRawBufferPointer, onto lua: LuaState) throws(DataFailure) {
    var reader = JSONReader(lua, text)
    let top = lua.top
    do throws(DataFailure) {
      try reader.value()
      reader.skipSpace()
      if reader.place < text.count { throw reader.fail("the end of the text expected, found \(reader.found)") }
    } catch {
      lua.pop(lua.top - top)
      throw error
    }
  }

  private mutating func value() throws(DataFailure) {
    skipSpace()
    switch byte {
    case UInt8(ascii: "{"): try object()
    case UInt8(ascii: "["): try array()
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "t"):
      try word("true")
      lua.push(true)
    case UInt8(ascii: "f"):
      try word("false")
      lua.push(false)
    case UInt8(ascii: "n"):
      try word("null")
      lua.pushNull()
    case UInt8(ascii: "-"): try number()
    case let digit? where isDigit(digit): try number()
    default: throw fail("a value expected, found \(found)")
    }
  }

  // MARK: - Lists and objects

  private mutating func enter() throws(DataFailure) {
    depth += 1
    guard depth <= DataWalk.depthLimit, (try? lua.ensureStack(8)) != nil else {
      throw fail("nested deeper than \(DataWalk.depthLimit)")
    }
    place += 1
    lua.newTable()
    skipSpace()
  }

  private mutating func array() throws(DataFailure) {
    try enter()
    let table = lua.top
    if byte == UInt8(ascii: "]") {
      lua.markList(at: table)
    } else {
      var count = 0
      while true {
        try value()
        count += 1
        lua.rawSet(element: count, of: table)
        skipSpace()
        if byte != UInt8(ascii: ",") { break }
        place += 1
      }
      guard byte == UInt8(ascii: "]") else { throw fail("',' or ']' expected, found \(found)") }
    }
    place += 1
    depth -= 1
  }

  private mutating func object() throws(DataFailure) {
    try enter()
    let table = lua.top
    if byte != UInt8(ascii: "}") {
      while true {
        skipSpace()
        guard byte == UInt8(ascii: "\"") else { throw fail("a name in quotes expected, found \(found)") }
        try string()
        skipSpace()
        guard byte == UInt8(ascii: ":") else { throw fail("':' expected, found \(found)") }
        place += 1
        try value()
        lua.rawSet(of: table)
        skipSpace()
        if byte != UInt8(ascii: ",") { break }
        place += 1
      }
      guard byte == UInt8(ascii: "}") else { throw fail("',' or '}' expected, found \(found)") }
    }
    place += 1
    depth -= 1
  }

  // MARK: - Strings

  private mutating func string() throws(DataFailure) {
    let opening = place
    place += 1
    var start = place
    var isASCII = true
    /// What stands before `start`; stays empty in a string without escapes.
    var decoded: [UInt8] = []
    while true {
      guard let byte else { throw fail("the text ends in a string", at: opening) }
      if byte == UInt8(ascii: "\"") { break }
      if byte == UInt8(ascii: "\\") {
        decoded.append(contentsOf: text[start..<place])
        try escape(into: &decoded)
        start = place
        continue
      }
      if byte < 0x20 { throw fail("a control character in a string; write it as \(escaped(byte))") }
      if byte >= 0x80 { isASCII = false }
      place += 1
    }
    if !isASCII, let fault = UTF8Check.firstFault(in: UnsafeRawBufferPointer(rebasing: text[opening..<place])) {
      throw fail("a string that is not UTF-8", at: opening + fault)
    }
    if decoded.isEmpty {
      lua.push(bytes: UnsafeRawBufferPointer(rebasing: text[start..<place]))
    } else {
      decoded.append(contentsOf: text[start..<place])
      decoded.withUnsafeBytes { lua.push(bytes: $0) }
    }
    place += 1
  }

  private mutating func escape(into decoded: inout [UInt8]) throws(DataFailure) {
    let start = place
    place += 2
    switch start + 1 < text.count ? text[start + 1] : 0 {
    case UInt8(ascii: "\""): decoded.append(UInt8(ascii: "\""))
    case UInt8(ascii: "\\"): decoded.append(UInt8(ascii: "\\"))
    case UInt8(ascii: "/"): decoded.append(UInt8(ascii: "/"))
    case UInt8(ascii: "b"): decoded.append(8)
    case UInt8(ascii: "f"): decoded.append(12)
    case UInt8(ascii: "n"): decoded.append(10)
    case UInt8(ascii: "r"): decoded.append(13)
    case UInt8(ascii: "t"): decoded.append(9)
    case UInt8(ascii: "u"):
      var code = try hex(from: start)
      if (0xD800..<0xDC00).contains(code), place + 1 < text.count, text[place] == UInt8(ascii: "\\"),
        text[place + 1] == UInt8(ascii: "u")
      {
        place += 2
        let low = try hex(from: start)
        guard (0xDC00..<0xE000).contains(low) else { throw fail("half of a surrogate pair", at: start) }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw fail("half of a surrogate pair", at: start) }
      decoded.append(contentsOf: Array(String(Character(scalar)).utf8))
    default: throw fail("an unknown escape in a string", at: start)
    }
  }

  /// The four digits at `place`.
  private mutating func hex(from start: Int) throws(DataFailure) -> UInt32 {
    guard place + 4 <= text.count else { throw fail("the text ends in a string", at: start) }
    var code: UInt32 = 0
    for byte in text[place..<place + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw fail("four hexadecimal digits expected", at: start)
      }
      code = code << 4 + UInt32(digit)
    }
    place += 4
    return code
  }

  // MARK: - Numbers and words

  private mutating func number() throws(DataFailure) {
    let start = place
    if byte == UInt8(ascii: "-") { place += 1 }
    let first = place
    try digits()
    if text[first] == UInt8(ascii: "0"), place > first + 1 { throw fail("a number that begins with 0", at: start) }
    var isInteger = true
    if byte == UInt8(ascii: ".") {
      isInteger = false
      place += 1
      try digits()
    }
    if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      isInteger = false
      place += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { place += 1 }
      try digits()
    }
    let spelled = String(decoding: text[start..<place], as: UTF8.self)
    if isInteger {
      guard let value = Int64(spelled) else {
        throw fail("the integer \(spelled.prefix(40)) does not fit into 64 bits", at: start)
      }
      lua.push(value)
    } else {
      guard let value = Double(spelled), value.isFinite else {
        throw fail("the number \(spelled.prefix(40)) is too large", at: start)
      }
      lua.push(value)
    }
  }

  private mutating func digits() throws(DataFailure) {
    let start = place
    while let byte, isDigit(byte) { place += 1 }
    if place == start { throw fail("a digit expected, found \(found)") }
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  private mutating func word(_ word: String) throws(DataFailure) {
    guard text[place...].starts(with: word.utf8) else { throw fail("a value expected, found \(found)") }
    place += word.utf8.count
  }

  // MARK: - Bytes and errors

  /// The byte at the place; nil at the end.
  private var byte: UInt8? { place < text.count ? text[place] : nil }

  private mutating func skipSpace() {
    while let byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { place += 1 }
  }

  /// What stands at the place, for messages.
  private var found: String {
    guard let byte else { return "the end of the text" }
    if byte < 0x20 { return escaped(byte) }
    return "'\(String(decoding: text[place..<min(place + 4, text.count)], as: UTF8.self).prefix(1))'"
  }

  private func escaped(_ byte: UInt8) -> String { "\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16) }

  private func fail(_ problem: String, at place: Int? = nil) -> DataFailure {
    let before = text[..<min(place ?? self.place, text.count)]
    let line = before.count { $0 == 0x0A } + 1
    let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    // In characters: bytes that go on with one are left out.
    let column = before[start...].count { $0 & 0xC0 != 0x80 } + 1
    return DataFailure(kind: "json", message: "<json>:\(line):\(column): \(problem)", line: line, column: column)
  }
}
