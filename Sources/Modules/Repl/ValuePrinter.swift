import LuaKit
import LuaSyntax
import TerminalText

/// Lua values as a person reads them: tables with sorted keys, on one line as long as they fit, cut where they are deep or
/// long. A table that contains itself is named: `<1>{ self = <table 1> }`.
struct ValuePrinter {
  /// Tables inside tables that are shown.
  static let depthLimit = 5
  /// Entries of one table that are shown.
  static let entryLimit = 100
  /// Entries of all tables together.
  static let totalLimit = 2000
  /// Bytes of a string in a table that are shown.
  static let stringLimit = 1000

  private indirect enum Node {
    case leaf(String, TextStyle?)
    /// `label` is what names a table that contains itself.
    case table([(key: String?, value: Node)], more: Int, label: Int?)
  }

  private let lua: LuaState
  private let types: () -> TypeLibrary
  private let columns: Int
  private let paint: Paint
  private var path: [UnsafeRawPointer] = []
  private var labels: [UnsafeRawPointer: Int] = [:]
  private var total = 0

  /// - Parameters:
  ///   - types: Asked when there is a function to be named.
  ///   - columns: The width that lines should not exceed.
  ///   - paint: How the parts are coloured.
  init(_ lua: LuaState, _ types: @escaping @autoclosure () -> TypeLibrary, columns: Int, paint: Paint) {
    self.lua = lua
    self.types = types
    self.columns = columns
    self.paint = paint
  }

  /// The value at `index`; a string is shown as it is, in tables it is quoted. `__tostring` is called.
  mutating func text(at index: Int32) -> String {
    if let text = lua.string(at: index) { return text }
    path = []
    labels = [:]
    total = 0
    return layout(node(at: lua.absolute(index)), indent: 0, taken: 0)
  }

  // MARK: Reading

  private mutating func node(at index: Int32) -> Node {
    switch lua.type(at: index) {
    case .none, .nil: return .leaf("nil", .magenta)
    case .boolean: return .leaf(lua.describe(at: index), .magenta)
    case .number: return .leaf(lua.describe(at: index), .cyan)
    case .string: return .leaf(quoted(at: index), .green)
    case .function: return .leaf(function(at: index), .yellow)
    case .lightUserdata where lua.isNull(at: index): return .leaf("null", .magenta)
    case .userdata, .lightUserdata, .thread: return .leaf(lua.describe(at: index), .yellow)
    case .table: return table(at: index)
    }
  }

  private func function(at index: Int32) -> String {
    let name = lua.definition(at: index) ?? types().name(of: index, lua) ?? lua.libraryName(of: index)
    return "function: \(name ?? "builtin")"
  }

  private mutating func table(at index: Int32) -> Node {
    guard let address = lua.identity(at: index), (try? lua.ensureStack(12)) != nil else { return .leaf("{...}", .dim) }
    if lua.pushMetatable(of: index) {
      lua.rawField("__tostring", of: -1)
      let isNil = lua.isNil(at: -1)
      lua.pop(2)
      if !isNil { return .leaf(lua.describe(at: index), .yellow) }
    }
    if path.contains(address) {
      let label = labels[address] ?? labels.count + 1
      labels[address] = label
      return .leaf("<table \(label)>", .dim)
    }
    let count = lua.listCount(at: index) ?? 0
    if path.count >= Self.depthLimit || total >= Self.totalLimit {
      lua.pushNil()
      let isEmpty = !lua.next(of: index)
      if !isEmpty { lua.pop(2) }
      return isEmpty ? .table([], more: 0, label: nil) : .leaf("{...}", .dim)
    }
    path.append(address)
    defer { path.removeLast() }

    var entries: [(key: String?, value: Node)] = []
    for position in stride(from: 1, through: min(count, Self.entryLimit), by: 1) {
      lua.rawElement(position, of: index)
      entries.append((nil, node(at: lua.top)))
      lua.pop()
      total += 1
    }
    var more = max(0, count - Self.entryLimit)
    for key in keys(of: index, besides: count) {
      guard entries.count < Self.entryLimit, total < Self.totalLimit else {
        more += 1
        continue
      }
      lua.push(key.reference)
      let shown = self.key(at: lua.top)
      lua.rawGet(of: index)
      entries.append((shown, node(at: lua.top)))
      lua.pop()
      total += 1
    }
    return .table(entries, more: more, label: labels[address])
  }

  private struct Key {
    let rank: Int
    let number: Double
    let text: String
    let reference: LuaReference
  }

  /// The keys that are no elements: numbers, then strings, then others, each sorted.
  private func keys(of index: Int32, besides count: Int) -> [Key] {
    var keys: [Key] = []
    lua.pushNil()
    while lua.next(of: index) {
      lua.pop()
      if let position = lua.integer(at: -1), position >= 1, position <= Int64(count) { continue }
      let type = lua.type(at: -1)
      let rank = type == .number ? 0 : type == .string ? 1 : type == .boolean ? 2 : 3
      lua.pushCopy(at: -1)
      let text = type == .string || type == .boolean ? lua.describe(at: -1) : ""
      let number: Double = (try? lua.read(-1)) ?? 0
      keys.append(Key(rank: rank, number: rank == 0 ? number : 0, text: text, reference: lua.reference(at: -1)))
      lua.pop()
    }
    return keys.sorted { ($0.rank, $0.number, $0.text) < ($1.rank, $1.number, $1.text) }
  }

  private func key(at index: Int32) -> String {
    if let name = lua.string(at: index), Token.isName(name) { return name }
    if lua.type(at: index) == .string { return "[\(quoted(at: index))]" }
    return "[\(lua.describe(at: index))]"
  }

  private func quoted(at index: Int32) -> String {
    let bytes = lua.unsafeBytes(at: index) ?? UnsafeRawBufferPointer(start: nil, count: 0)
    let shown = bytes.prefix(Self.stringLimit)
    let text = Self.quote(shown)
    return shown.count < bytes.count ? "\(text)... (\(bytes.count) bytes)" : text
  }

  /// A string as Lua source has it: bytes that are no UTF-8 and control characters as escapes.
  static func quote(_ bytes: some Sequence<UInt8>) -> String {
    var text = "\""
    var decoder = UTF8()
    var iterator = Array(bytes).makeIterator()
    var rest = Array(bytes)[...]
    loop: while true {
      switch decoder.decode(&iterator) {
      case .emptyInput: break loop
      case .error:
        // The decoder does not say how many bytes it has dropped: up to the next that can begin a scalar.
        var count = 0
        repeat {
          text += escape(rest.removeFirst())
          count += 1
        } while count < 3 && rest.first.map { $0 & 0xC0 == 0x80 } == true
        decoder = UTF8()
        iterator = Array(rest).makeIterator()
      case .scalarValue(let scalar):
        rest = rest.dropFirst(UTF8.width(scalar))
        switch scalar {
        case "\"": text += "\\\""
        case "\\": text += "\\\\"
        case "\n": text += "\\n"
        case "\t": text += "\\t"
        case "\r": text += "\\r"
        case "\0"..<" ", "\u{7F}": text += escape(UInt8(scalar.value))
        default: text.unicodeScalars.append(scalar)
        }
      }
    }
    return text + "\""
  }

  private static func escape(_ byte: UInt8) -> String {
    let digits = Array("0123456789abcdef")
    return "\\x\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
  }

  // MARK: Writing

  /// - Parameters:
  ///   - indent: The columns before each line of the value.
  ///   - taken: The columns before its first line.
  private func layout(_ node: Node, indent: Int, taken: Int) -> String {
    guard case .table(let entries, let more, let label) = node else { return painted(node) }
    if let line = oneLine(node, within: columns - taken) { return line }
    let margin = String(repeating: " ", count: indent + 2)
    var lines: [String] = []
    var row = ""
    var width = 0
    for entry in entries {
      // Short elements of a list share lines.
      if entry.key == nil, case .leaf(let text, _) = entry.value, DisplayWidth.of(text) < 30 {
        let own = DisplayWidth.of(text) + 2
        if width > 0, indent + 2 + width + own > columns {
          lines.append(row)
          (row, width) = ("", 0)
        }
        row += (width > 0 ? " " : "") + painted(entry.value) + ","
        width += own
        continue
      }
      if width > 0 { lines.append(row) }
      (row, width) = ("", 0)
      let key = entry.key.map { $0 + " = " } ?? ""
      lines.append(key + layout(entry.value, indent: indent + 2, taken: indent + 2 + DisplayWidth.of(key) + 1) + ",")
    }
    if width > 0 { lines.append(row) }
    if more > 0 { lines.append(paint(.dim, "... and \(more) more")) }
    let body = lines.map { margin + $0 }.joined(separator: "\n")
    return name(label) + "{\n\(body)\n" + String(repeating: " ", count: indent) + "}"
  }

  /// The value on one line; nil when it takes more columns than that.
  private func oneLine(_ node: Node, within columns: Int) -> String? {
    var width = 0
    return oneLine(node, within: columns, &width)
  }

  private func oneLine(_ node: Node, within columns: Int, _ width: inout Int) -> String? {
    guard case .table(let entries, let more, let label) = node else {
      if case .leaf(let text, _) = node { width += DisplayWidth.of(text) }
      return width <= columns ? painted(node) : nil
    }
    if entries.isEmpty, more == 0 {
      width += 2
      return name(label) + "{}"
    }
    guard more == 0 else { return nil }
    width += 4
    var parts: [String] = []
    for entry in entries {
      let key = entry.key.map { $0 + " = " } ?? ""
      width += DisplayWidth.of(key) + (parts.isEmpty ? 0 : 2)
      guard width <= columns, let value = oneLine(entry.value, within: columns, &width) else { return nil }
      parts.append(key + value)
    }
    return width <= columns ? name(label) + "{ " + parts.joined(separator: ", ") + " }" : nil
  }

  private func name(_ label: Int?) -> String { label.map { paint(.dim, "<\($0)>") } ?? "" }

  private func painted(_ node: Node) -> String {
    guard case .leaf(let text, let style) = node else { return "" }
    return style.map { paint($0, text) } ?? text
  }
}
