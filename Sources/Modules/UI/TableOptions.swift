import Host
import LuaKit
import TerminalText

/// What `kdev.ui.table` was asked for.
struct TableOptions {
  private let options: Options
  private let columns: [String]?
  private let titles: [String]?
  private let showsHeader: Bool
  private let alignments: [TextTable.Alignment]

  init(_ options: Options) throws {
    self.options = options
    columns = try options.value("columns")
    options.push("header")
    defer { options.lua.pop() }
    titles = options.lua.type(at: -1) == .table ? try options.lua.read(-1) : nil
    showsHeader = options.lua.type(at: -1) == .boolean ? try options.lua.read(-1) : true
    alignments = try options.strings("align").map { word in
      guard let alignment = TextTable.Alignment(rawValue: word) else {
        throw options.wrong("align", "\"left\", \"right\" or \"center\" expected, got \"\(word)\"")
      }
      return alignment
    }
  }

  /// The rows at an index of the stack as a table.
  func table(at index: Int32) throws -> TextTable {
    let lua = options.lua
    var keys = (columns ?? []).map { Key.name($0) }
    var rows: [[String]] = []
    var areNumbers: [Bool] = []
    let count = lua.rawCount(at: index)
    if columns == nil { keys = Self.keys(lua, at: index, count) }
    areNumbers = keys.map { _ in true }
    for position in stride(from: 1, through: count, by: 1) {
      lua.rawElement(position, of: index)
      defer { lua.pop() }
      guard lua.type(at: -1) == .table else {
        throw lua.argumentError(1, "row \(position): table expected, got \(lua.typeName(at: -1))")
      }
      // A row of names may also be a list, in the order of the columns.
      let isList = lua.rawCount(at: -1) > 0
      var row: [String] = []
      for (column, key) in keys.enumerated() {
        if case .name(let name) = key, !isList {
          lua.rawField(name, of: -1)
        } else {
          lua.rawElement(column + 1, of: -1)
        }
        defer { lua.pop() }
        if lua.isNil(at: -1) {
          row.append("")
        } else {
          if lua.type(at: -1) != .number { areNumbers[column] = false }
          row.append(lua.describe(at: -1))
        }
      }
      rows.append(row)
    }
    if let header = header(keys) { rows.insert(header, at: 0) }
    let aligned = keys.indices.map { column in
      column < alignments.count ? alignments[column] : areNumbers[column] && count > 0 ? .right : .left
    }
    return TextTable(rows: rows, alignments: aligned)
  }

  private enum Key {
    case name(String)
    case position
  }

  private func header(_ keys: [Key]) -> [String]? {
    guard showsHeader else { return nil }
    if let titles { return keys.indices.map { $0 < titles.count ? titles[$0] : "" } }
    var names: [String] = []
    for key in keys {
      guard case .name(let name) = key else { return nil }
      names.append(name)
    }
    return names.isEmpty ? nil : names
  }

  /// The names that the rows have, sorted; or as many positions as the longest row.
  private static func keys(_ lua: LuaState, at index: Int32, _ count: Int) -> [Key] {
    var names: Set<String> = []
    var longest = 0
    for position in stride(from: 1, through: count, by: 1) {
      lua.rawElement(position, of: index)
      defer { lua.pop() }
      guard lua.type(at: -1) == .table else { continue }
      longest = max(longest, lua.rawCount(at: -1))
      if lua.rawCount(at: -1) == 0 { names.formUnion(lua.keys(of: lua.top)) }
    }
    return longest > 0 ? Array(repeating: .position, count: longest) : names.sorted().map { .name($0) }
  }
}
