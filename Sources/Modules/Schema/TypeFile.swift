/// A NAME.d.lua file: the types and the documentation of a module, the one source for the checks at run time, editors and
/// the reference.
struct TypeFile: Sendable {
  struct Field: Sendable, Equatable {
    let name: String
    let type: AnnotatedType
    let isOptional: Bool
    let text: String
  }

  /// `---@class`, with its fields.
  struct Class: Sendable, Equatable {
    let name: String
    let parent: String?
    var fields: [Field] = []
    var text: String
  }

  struct Function: Sendable, Equatable {
    /// As in the file: `disk.create`, `Machine:exec`.
    let name: String
    let parameters: [Field]
    /// Types and texts of the results.
    let results: [String]
    let text: String
  }

  private(set) var classes: [String: Class] = [:]
  private(set) var functions: [Function] = []
  /// The text above the module's own class.
  private(set) var text = ""

  /// - Parameter source: the file. Lines that are no annotation, comment or function are passed over.
  init(_ source: String) {
    var comment: [String] = []
    var parameters: [Field] = []
    var results: [String] = []
    var open: Class?
    func closeClass() {
      if let open { classes[open.name] = open }
      open = nil
    }
    for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("---@class ") {
        closeClass()
        let words = line.dropFirst("---@class ".count).split(separator: ":", maxSplits: 1)
        let name = words.first.map { $0.split(separator: " ").first.map(String.init) ?? "" } ?? ""
        let parent = words.count > 1 ? words[1].split(separator: " ").first.map(String.init) : nil
        if text.isEmpty { text = comment.joined(separator: "\n") }
        open = Class(name: name, parent: parent, text: comment.joined(separator: "\n"))
        comment = []
      } else if line.hasPrefix("---@field ") {
        if let field = Self.field(line.dropFirst("---@field ".count)) { open?.fields.append(field) }
      } else if line.hasPrefix("---@param ") {
        if let field = Self.field(line.dropFirst("---@param ".count)) { parameters.append(field) }
      } else if line.hasPrefix("---@return ") {
        results.append(String(line.dropFirst("---@return ".count)))
      } else if line.hasPrefix("---@") {
        continue
      } else if line.hasPrefix("---") {
        closeClass()
        comment.append(String(line.dropFirst(3).drop { $0 == " " }))
      } else {
        closeClass()
        if line.hasPrefix("function "), let bracket = line.firstIndex(of: "(") {
          let name = String(line[line.index(line.startIndex, offsetBy: 9)..<bracket])
          functions.append(
            Function(name: name, parameters: parameters, results: results, text: comment.joined(separator: "\n")))
        }
        if !line.allSatisfy(\.isWhitespace) || !parameters.isEmpty || !results.isEmpty {
          (parameters, results) = ([], [])
        }
        comment = []
      }
    }
    closeClass()
  }

  /// `name? type text`.
  private static func field(_ line: Substring) -> Field? {
    var name = line.prefix { $0 != " " }
    guard let (type, rest) = AnnotatedType.parse(line.dropFirst(name.count)) else { return nil }
    let isOptional = name.hasSuffix("?")
    if isOptional { name = name.dropLast() }
    return Field(name: String(name), type: type, isOptional: isOptional, text: String(rest.drop { $0 == " " }))
  }

  /// The fields of a class with those of its parents.
  func fields(of name: String) -> [Field] {
    guard let found = classes[name] else { return [] }
    return (found.parent.map { fields(of: $0) } ?? []) + found.fields
  }
}
