/// What all NAME.d.lua files together say, by name: for the check of scripts, completion and help. The checks at run time
/// read the file of their module alone.
struct TypeLibrary: Sendable {
  /// One of kdev's modules.
  struct Module: Sendable {
    /// "kdev.disk".
    let name: String
    let file: TypeFile
    /// "disk".
    var shortName: String { String(name.dropFirst("kdev.".count)) }
  }

  /// A function of a module, or a method of an object.
  struct Member: Sendable, Equatable {
    /// The class that has it: "kdev.disk", "kdev.Machine".
    let owner: String
    /// Its own name: "create".
    let key: String
    let function: TypeFile.Function
    let isMethod: Bool
    /// As error messages at run time have it: "kdev.disk.create", "Machine:exec".
    var name: String { isMethod ? function.name : fullName }
    /// "kdev.disk.create", "kdev.Machine:exec".
    var fullName: String { owner + (isMethod ? ":" : ".") + key }
  }

  /// In the order of kdev.d.lua.
  private(set) var modules: [Module] = []
  private(set) var classes: [String: TypeFile.Class] = [:]
  /// By the class, in the order of its file.
  private var members: [String: [Member]] = [:]

  init(_ stdlib: Stdlib) {
    var files: [String: TypeFile] = [:]
    for name in stdlib.names(below: "types") where name.hasSuffix(".d.lua") {
      let file = TypeFile(String(decoding: stdlib.read(name) ?? [], as: UTF8.self))
      files[String(name.dropFirst("types/".count).dropLast(".d.lua".count))] = file
      add(file)
    }
    modules = fields(of: "kdev").compactMap { field in files[field.name].map { Module(name: field.type.text, file: $0) }
    }
  }

  private mutating func add(_ file: TypeFile) {
    classes.merge(file.classes) { first, _ in first }
    for function in file.functions {
      guard let mark = function.name.firstIndex(where: { $0 == "." || $0 == ":" }) else { continue }
      // The variable in the file is called as the last part of the class's name.
      let variable = function.name[..<mark]
      guard let owner = file.classes.keys.first(where: { $0.split(separator: ".").last == variable }) else { continue }
      members[owner, default: []].append(
        Member(
          owner: owner, key: String(function.name[function.name.index(after: mark)...]), function: function,
          isMethod: function.name[mark] == ":"))
    }
  }

  // MARK: - Classes

  /// A field of a class or of its parents.
  func field(_ name: String, of owner: String) -> TypeFile.Field? { fields(of: owner).first { $0.name == name } }

  /// The fields of a class with those of its parents.
  func fields(of name: String) -> [TypeFile.Field] {
    guard let found = classes[name] else { return [] }
    return (found.parent.map { fields(of: $0) } ?? []) + found.fields
  }

  /// All that a class has, for suggestions.
  func names(of owner: String) -> [String] {
    fields(of: owner).filter { !$0.isPositional }.map(\.name) + (members[owner] ?? []).map(\.key).sorted()
  }

  /// Its values are userdata, which raise an error for a field that they do not have.
  func isObject(_ name: String) -> Bool { classes[name]?.parent == "userdata" }

  /// A class that tables have: options, or what a function gives back.
  func isTable(_ name: String) -> Bool { classes[name] != nil && !isObject(name) }

  // MARK: - Modules

  /// A module by its name: "kdev.disk".
  func module(_ name: String) -> Module? { modules.first { $0.name == name } }

  /// `kdev` or one of its modules.
  func isModule(_ name: String) -> Bool { name == "kdev" || module(name) != nil }

  /// The classes of objects in the file of a module, sorted.
  func objects(of module: Module) -> [TypeFile.Class] {
    module.file.classes.values.filter { isObject($0.name) }.sorted { $0.name < $1.name }
  }

  // MARK: - Functions

  /// A function or method of a class.
  func member(_ key: String, of owner: String) -> Member? { members[owner]?.first { $0.key == key } }

  /// A function or method by its full name: "kdev.disk.create", "kdev.Machine:exec".
  func member(named name: String) -> Member? {
    guard let mark = name.lastIndex(where: { $0 == "." || $0 == ":" }) else { return nil }
    let found = member(String(name[name.index(after: mark)...]), of: String(name[..<mark]))
    return found?.fullName == name ? found : nil
  }

  /// The functions of a module: "kdev.disk".
  func functions(of module: String) -> [Member] { (members[module] ?? []).filter { !$0.isMethod } }

  /// The methods of a class: "kdev.Machine".
  func methods(of type: String) -> [Member] { (members[type] ?? []).filter(\.isMethod) }

  /// The first class of these files that a value of the type can have.
  func firstClass(in type: AnnotatedType) -> String? { type.classes.first { classes[$0] != nil } }
}

extension TypeFile.Function {
  /// The type of a result, and whether it may be nil instead.
  func result(_ position: Int) -> (type: AnnotatedType, isOptional: Bool)? {
    guard position < results.count, let (type, rest) = AnnotatedType.parse(results[position][...]) else { return nil }
    return rest.hasPrefix(" ...") ? nil : (type, rest.hasPrefix("?"))
  }

  var isVariadic: Bool { parameters.last?.name == "..." }
}
