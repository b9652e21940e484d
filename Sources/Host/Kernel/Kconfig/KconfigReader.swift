/// Reads a kernel's Kconfig files, from the one at the top on, as scripts/kconfig/parser.y does; what only menus show is left
/// out, and macros are not run.
struct KconfigReader {
  private var result = Kconfig()
  private let tree: String
  private let architecture: String
  private var scope = 0

  /// - Parameter architecture: `SRCARCH`.
  /// - Throws: `missing` when a file cannot be read.
  static func read(_ tree: String, architecture: String) throws(HostError) -> Kconfig {
    var reader = KconfigReader(tree: tree, architecture: architecture)
    try reader.file("Kconfig")
    return reader.result
  }

  private init(tree: String, architecture: String) {
    self.tree = tree
    self.architecture = architecture
  }

  private mutating func file(_ path: String) throws(HostError) {
    let bytes = try Files.read(tree + "/" + path)
    let number = result.files.count
    result.files.append(path)
    var lines = KconfigLines(bytes)
    /// What the lines belong to: a definition, or a scope's own conditions.
    var current = Current.none
    while let line = lines.next() {
      var rest = line.text
      guard let keyword = Self.word(&rest) else { continue }
      switch keyword {
      case "config", "menuconfig":
        finish(&current)
        guard let name = Self.word(&rest) else { continue }
        current = .definition(.init(name: name, file: number, line: line.number, scope: scope))
      case "if":
        finish(&current)
        enter(.init(kind: .condition, parent: scope, depends: [Self.text(rest)]))
      case "menu":
        finish(&current)
        enter(.init(kind: .menu, parent: scope, prompt: Self.quoted(&rest)))
        current = .scope(scope)
      case "choice":
        finish(&current)
        enter(.init(kind: .choice, parent: scope))
        current = .scope(scope)
      case "endif", "endmenu", "endchoice":
        finish(&current)
        scope = result.scopes[scope].parent
      case "comment", "mainmenu":
        finish(&current)
      case "source":
        finish(&current)
        if let name = Self.quoted(&rest) { try source(name) }
      case "help", "---help---":
        lines.skipHelp()
      default: attribute(keyword, rest, &current)
      }
    }
    finish(&current)
  }

  private enum Current {
    case none
    case definition(Kconfig.Definition)
    case scope(Int)
  }

  private mutating func finish(_ current: inout Current) {
    if case .definition(let definition) = current {
      result.byName[definition.name, default: []].append(result.definitions.count)
      result.definitions.append(definition)
    }
    current = .none
  }

  private mutating func enter(_ new: Kconfig.Scope) {
    result.scopes.append(new)
    scope = result.scopes.count - 1
  }

  private mutating func source(_ name: String) throws(HostError) {
    let path = name.replacing("$(SRCARCH)", with: architecture).replacing("$(HEADER_ARCH)", with: "x86")
    try file(path)
  }

  private mutating func attribute(_ keyword: String, _ text: ArraySlice<UInt8>, _ current: inout Current) {
    var rest = text
    switch current {
    case .none: return
    case .scope(let index):
      switch keyword {
      case "depends":
        _ = Self.word(&rest)
        result.scopes[index].depends.append(Self.text(rest))
      case "visible":
        _ = Self.word(&rest)
        result.scopes[index].visible.append(Self.text(rest))
      case "prompt", "bool", "tristate":
        if let prompt = Self.quoted(&rest) { result.scopes[index].prompt = prompt }
      default: break
      }
    case .definition(var definition):
      // Nothing else holds it meanwhile, so that it is changed where it is.
      current = .none
      switch keyword {
      case "bool", "tristate", "string", "int", "hex":
        definition.kind = Kconfig.Kind(rawValue: keyword)
        if let prompt = Self.quoted(&rest) {
          definition.prompt = .init(value: prompt, condition: Self.condition(&rest))
        }
      case "def_bool", "def_tristate":
        definition.kind = keyword == "def_bool" ? .bool : .tristate
        definition.defaults.append(Self.conditional(rest))
      case "prompt":
        if let prompt = Self.quoted(&rest) {
          definition.prompt = .init(value: prompt, condition: Self.condition(&rest))
        }
      case "depends":
        _ = Self.word(&rest)
        definition.depends.append(Self.text(rest))
      case "default": definition.defaults.append(Self.conditional(rest))
      case "select": definition.selects.append(Self.conditional(rest))
      case "range": definition.ranges.append(Self.conditional(rest))
      default: break
      }
      current = .definition(definition)
    }
  }

  // MARK: - Words

  /// The next word, taken off; nil at the end and before a comment.
  private static func word(_ rest: inout ArraySlice<UInt8>) -> String? {
    while let first = rest.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
    let end = rest.firstIndex { $0 == 0x20 || $0 == 0x09 || $0 == 0x22 || $0 == 0x28 || $0 == 0x21 } ?? rest.endIndex
    guard end > rest.startIndex, rest.first != 0x23 else { return nil }
    defer { rest = rest[end...] }
    return String(decoding: rest[..<end], as: UTF8.self)
  }

  /// A text in quotes, taken off.
  private static func quoted(_ rest: inout ArraySlice<UInt8>) -> String? {
    while let first = rest.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
    guard let quote = rest.first, quote == 0x22 || quote == 0x27 else { return nil }
    rest.removeFirst()
    guard let end = rest.firstIndex(of: quote) else { return nil }
    defer { rest = rest[(end + 1)...] }
    return String(decoding: rest[..<end], as: UTF8.self)
  }

  private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var text = text.drop { $0 == 0x20 || $0 == 0x09 }
    while let last = text.last, last == 0x20 || last == 0x09 || last == 0x0D { text.removeLast() }
    return text
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: trimmed(bytes), as: UTF8.self) }

  /// `if CONDITION` at the end of a line.
  private static func condition(_ rest: inout ArraySlice<UInt8>) -> String? {
    word(&rest) == "if" ? text(rest) : nil
  }

  /// `VALUE if CONDITION`; a value may be an expression, and `if` stands in no name.
  private static func conditional(_ rest: ArraySlice<UInt8>) -> Kconfig.Conditional {
    let text = trimmed(rest)
    var position = text.startIndex
    var quote: UInt8?
    while position + 4 <= text.endIndex {
      let byte = text[position]
      if let open = quote {
        if byte == open { quote = nil }
      } else if byte == 0x22 || byte == 0x27 {
        quote = byte
      } else if byte == 0x20 || byte == 0x09, text[position + 1] == 0x69, text[position + 2] == 0x66,
        position + 3 < text.endIndex, [0x20, 0x09, 0x28, 0x21].contains(text[position + 3])
      {
        return .init(value: Self.text(text[..<position]), condition: Self.text(text[(position + 3)...]))
      }
      position += 1
    }
    return .init(value: Self.text(text), condition: nil)
  }
}

/// Lines of a Kconfig file, with those that a backslash goes on in.
private struct KconfigLines {
  private let bytes: [UInt8]
  private var position = 0
  private var number = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func next() -> (text: ArraySlice<UInt8>, number: Int)? {
    guard position < bytes.count else { return nil }
    var line = take()
    let first = number
    guard line.last == 0x5C else { return (line, first) }
    var whole: [UInt8] = []
    while line.last == 0x5C, position < bytes.count {
      whole += line.dropLast() + [0x20]
      line = take()
    }
    whole += line
    return (whole[...], first)
  }

  private mutating func take() -> ArraySlice<UInt8> {
    let end = bytes[position...].firstIndex(of: 0x0A) ?? bytes.count
    defer { position = end + 1 }
    number += 1
    return bytes[position..<end]
  }

  /// A help text goes on as far as lines are indented as its first one is.
  mutating func skipHelp() {
    var indentation: Int?
    while position < bytes.count {
      let (start, before) = (position, number)
      let line = take()
      guard line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) else { continue }
      let columns = Self.indentation(of: line)
      guard let wanted = indentation else {
        // A text that is not indented is none.
        if columns == 0 { (position, number) = (start, before) }
        if columns == 0 { return }
        indentation = columns
        continue
      }
      if columns < wanted {
        (position, number) = (start, before)
        return
      }
    }
  }

  private static func indentation(of line: ArraySlice<UInt8>) -> Int {
    var columns = 0
    for byte in line {
      if byte == 0x09 {
        columns = columns & ~7 + 8
      } else if byte == 0x20 {
        columns += 1
      } else {
        break
      }
    }
    return columns
  }
}
