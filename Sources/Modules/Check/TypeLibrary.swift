/// What all NAME.d.lua files together say.
struct TypeLibrary: Sendable {
  /// A function or method of a class.
  struct Member: Sendable, Equatable {
    let function: TypeFile.Function
    let isMethod: Bool
    /// As error messages at run time have it: `kdev.disk.create`, `Machine:exec`.
    var name: String { isMethod ? function.name : "kdev." + function.name }
  }

  private(set) var classes: [String: TypeFile.Class] = [:]
  private var members: [String: [String: Member]] = [:]

  init(_ stdlib: Stdlib) {
    for name in stdlib.names(below: "types") where name.hasSuffix(".d.lua") {
      add(TypeFile(String(decoding: stdlib.read(name) ?? [], as: UTF8.self)))
    }
  }

  private mutating func add(_ file: TypeFile) {
    classes.merge(file.classes) { first, _ in first }
    for function in file.functions {
      guard let mark = function.name.firstIndex(where: { $0 == "." || $0 == ":" }) else { continue }
      // The variable in the file is called as the last part of the class's name.
      let variable = function.name[..<mark]
      guard let owner = file.classes.keys.first(where: { $0.split(separator: ".").last == variable }) else { continue }
      let name = String(function.name[function.name.index(after: mark)...])
      members[owner, default: [:]][name] = Member(function: function, isMethod: function.name[mark] == ":")
    }
  }

  /// A function or method of a class.
  func member(_ name: String, of owner: String) -> Member? { members[owner]?[name] }

  /// A field of a class or of its parents.
  func field(_ name: String, of owner: String) -> TypeFile.Field? { fields(of: owner).first { $0.name == name } }

  func fields(of name: String) -> [TypeFile.Field] {
    guard let found = classes[name] else { return [] }
    return (found.parent.map { fields(of: $0) } ?? []) + found.fields
  }

  /// All that a class has, for suggestions.
  func names(of owner: String) -> [String] {
    fields(of: owner).filter { !$0.isPositional }.map(\.name) + (members[owner] ?? [:]).keys.sorted()
  }

  /// Its values are userdata, which raise an error for a field that they do not have.
  func isObject(_ name: String) -> Bool { classes[name]?.parent == "userdata" }

  /// `kdev` or one of its modules.
  func isModule(_ name: String) -> Bool {
    name == "kdev" || fields(of: "kdev").contains { $0.type == .named(name) }
  }
}

extension TypeFile.Function {
  /// The type of a result, and whether it may be nil instead.
  func result(_ position: Int) -> (type: AnnotatedType, isOptional: Bool)? {
    guard position < results.count, let (type, rest) = AnnotatedType.parse(results[position][...]) else { return nil }
    return rest.hasPrefix(" ...") ? nil : (type, rest.hasPrefix("?"))
  }

  var isVariadic: Bool { parameters.last?.name == "..." }
}
