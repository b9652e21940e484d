import LuaKit

/// What a value on the way to another machine begins with.
///
/// Data goes as a copy. A function or an object stays where it is: what goes is its number in the list of what its side has given
/// away (``Peer``), and comes back as the thing itself.
enum WireTag: UInt8 {
  case `nil` = 0
  case `true`, `false`, integer, number, string, null
  /// A count, then keys and values in turn.
  case table
  /// Its number, class, text, and whether it can be closed.
  case object
  /// Its number.
  case function
  /// The number of something that the receiver has given away.
  case returned
}

/// Writes values of Lua as bytes.
struct WireWriter {
  let peer: Peer
  private(set) var bytes: [UInt8] = []
  /// Tables around the one that is written.
  private var depth = 0
  private static let depthLimit = 100

  init(_ peer: Peer) { self.peer = peer }

  mutating func write(byte: UInt8) { bytes.append(byte) }

  mutating func write(number: UInt32) {
    for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
  }

  mutating func write(bits: UInt64) {
    write(number: UInt32(truncatingIfNeeded: bits >> 32))
    write(number: UInt32(truncatingIfNeeded: bits))
  }

  mutating func write(text: String) { write(Array(text.utf8)) }

  private mutating func write(_ content: some Collection<UInt8>) {
    write(number: UInt32(truncatingIfNeeded: content.count))
    bytes.append(contentsOf: content)
  }

  private mutating func write(_ tag: WireTag) { bytes.append(tag.rawValue) }

  /// Writes how many, and the values from `first` to the top.
  /// - Throws: `LuaMismatch` for what cannot leave this side.
  mutating func write(valuesFrom first: Int32, of lua: LuaState) throws(LuaMismatch) {
    let count = max(0, lua.top - first + 1)
    write(number: UInt32(count))
    for offset in 0..<count { try write(valueAt: first + offset, of: lua) }
  }

  /// Writes data that is in Swift.
  mutating func write(_ value: LuaValue, in lua: LuaState) throws(LuaMismatch) {
    lua.push(value)
    defer { lua.pop() }
    try write(valueAt: lua.top, of: lua)
  }

  private mutating func write(valueAt index: Int32, of lua: LuaState) throws(LuaMismatch) {
    switch lua.type(at: index) {
    case .none, .nil: write(.nil)
    case .boolean: write(try Bool.read(lua, at: index) ? .true : .false)
    case .number:
      if let integer = lua.integer(at: index) {
        write(.integer)
        write(bits: UInt64(bitPattern: integer))
      } else {
        write(.number)
        write(bits: try Double.read(lua, at: index).bitPattern)
      }
    case .string:
      write(.string)
      if let content = lua.unsafeBytes(at: index) { write(content) }
    case .lightUserdata where lua.isNull(at: index): write(.null)
    case .table: try write(tableAt: lua.absolute(index), of: lua)
    case .function:
      write(.function)
      write(number: peer.export(lua.reference(at: index)))
    case .userdata: try write(objectAt: index, of: lua)
    case .lightUserdata, .thread:
      throw LuaMismatch("a \(lua.typeName(at: index)) cannot go to another machine")
    }
  }

  private mutating func write(tableAt index: Int32, of lua: LuaState) throws(LuaMismatch) {
    guard depth < Self.depthLimit, (try? lua.ensureStack(6)) != nil else {
      throw LuaMismatch("tables nested deeper than \(Self.depthLimit)")
    }
    depth += 1
    defer { depth -= 1 }
    write(.table)
    let place = bytes.count
    write(number: 0)
    var count: UInt32 = 0
    lua.pushNil()
    while lua.next(of: index) {
      do throws(LuaMismatch) {
        try write(valueAt: lua.top - 1, of: lua)
        try write(valueAt: lua.top, of: lua)
      } catch {
        let key = lua.describe(at: -2)
        lua.pop(2)
        throw error.inside(key)
      }
      count += 1
      lua.pop()
    }
    for (offset, shift) in [24, 16, 8, 0].enumerated() {
      bytes[place + offset] = UInt8(truncatingIfNeeded: count >> shift)
    }
  }

  private mutating func write(objectAt index: Int32, of lua: LuaState) throws(LuaMismatch) {
    if let object = RemoteObject.test(lua, at: index) {
      guard object.peer === peer else {
        throw LuaMismatch("a \(object.type) of \(object.peer.name) cannot be used on \(peer.name)")
      }
      write(.returned)
      return write(number: object.number)
    }
    guard peer.givesObjects else {
      throw LuaMismatch("a \(lua.typeName(at: index)) of this machine cannot be used on \(peer.name)")
    }
    write(.object)
    write(number: peer.export(lua.reference(at: index)))
    write(text: lua.typeName(at: index))
    write(text: lua.describe(at: index))
    var isClosable = false
    if lua.pushMetatable(of: index) {
      lua.rawField("__close", of: -1)
      isClosable = !lua.isNil(at: -1)
      lua.pop(2)
    }
    write(byte: isClosable ? 1 : 0)
  }
}

/// Reads such bytes, and pushes the values. Bytes that a peer would not write end as nil.
struct WireReader {
  let peer: Peer
  private let bytes: [UInt8]
  private var place = 0

  init(_ bytes: [UInt8], from peer: Peer) {
    self.bytes = bytes
    self.peer = peer
  }

  mutating func byte() -> UInt8 {
    guard place < bytes.count else { return 0 }
    defer { place += 1 }
    return bytes[place]
  }

  mutating func number() -> UInt32 { (0..<4).reduce(0) { number, _ in number << 8 | UInt32(byte()) } }

  private mutating func bits() -> UInt64 { UInt64(number()) << 32 | UInt64(number()) }

  private mutating func content() -> ArraySlice<UInt8> {
    let count = min(Int(number()), bytes.count - place)
    defer { place += count }
    return bytes[place..<place + count]
  }

  mutating func text() -> String { String(decoding: content(), as: UTF8.self) }

  /// Pushes the values that ``WireWriter/write(valuesFrom:of:)`` wrote.
  /// - Returns: how many they are.
  mutating func push(valuesOnto lua: LuaState) -> Int32 {
    let count = Int32(clamping: number())
    guard count <= bytes.count, (try? lua.ensureStack(count + 8)) != nil else { return 0 }
    for _ in 0..<count { push(valueOnto: lua, depth: 0) }
    return count
  }

  private mutating func push(valueOnto lua: LuaState, depth: Int) {
    switch WireTag(rawValue: byte()) {
    case .nil, nil: lua.pushNil()
    case .true: lua.push(true)
    case .false: lua.push(false)
    case .integer: lua.push(Int64(bitPattern: bits()))
    case .number: lua.push(Double(bitPattern: bits()))
    case .string: content().withUnsafeBytes { lua.push(bytes: $0) }
    case .null: lua.pushNull()
    case .table: push(tableOnto: lua, depth: depth + 1)
    case .object:
      let number = number()
      let type = text()
      let description = text()
      lua.push(RemoteObject(peer, number, type: type, description: description, isClosable: byte() == 1))
    case .function: RemoteFunction(peer, number()).push(onto: lua)
    case .returned:
      if let reference = peer.exported(number()) { lua.push(reference) } else { lua.pushNil() }
    }
  }

  private mutating func push(tableOnto lua: LuaState, depth: Int) {
    lua.newTable()
    guard depth <= 200, (try? lua.ensureStack(6)) != nil else { return place = bytes.count }
    for _ in 0..<number() {
      guard place < bytes.count else { return }
      push(valueOnto: lua, depth: depth)
      push(valueOnto: lua, depth: depth)
      // nil and NaN are no keys.
      let isNumber = lua.type(at: -2) == .number
      if lua.isNil(at: -2) || isNumber && (try? Double.read(lua, at: -2))?.isNaN ?? true {
        lua.pop(2)
      } else {
        lua.rawSet(of: -3)
      }
    }
  }
}
