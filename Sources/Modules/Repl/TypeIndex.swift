import LuaKit

/// What the NAME.d.lua files tell of all modules, for those who look things up by name.
struct TypeIndex {
  /// The modules' short names, "disk", with their files.
  let modules: [(name: String, file: TypeFile)]

  init(_ environment: Environment) {
    let names = environment.types(of: "kdev").classes["kdev"]?.fields.map(\.name) ?? []
    modules = names.map { ($0, environment.types(of: $0)) }
  }

  func module(_ name: String) -> TypeFile? { modules.first { $0.name == name }?.file }

  /// A class with the file that it is in: "kdev.Disk".
  func type(_ name: String) -> (file: TypeFile, type: TypeFile.Class)? {
    for (_, file) in modules { if let type = file.classes[name] { return (file, type) } }
    return nil
  }

  func fields(of type: String) -> [TypeFile.Field] { self.type(type)?.file.fields(of: type) ?? [] }

  /// A class of userdata has methods and is no table of options.
  func isObject(_ type: String) -> Bool { self.type(type)?.type.parent == "userdata" }

  /// A function by its full name: "kdev.disk.create", "kdev.Machine:exec".
  func function(_ name: String) -> TypeFile.Function? {
    if let colon = name.firstIndex(of: ":") {
      return methods(of: String(name[..<colon])).first { $0.name.hasSuffix(name[colon...]) }
    }
    let parts = name.split(separator: ".")
    guard parts.count == 3, let file = module(String(parts[1])) else { return nil }
    return file.functions.first { $0.name == parts[1] + "." + parts[2] }
  }

  /// The functions of a module: "disk".
  func functions(of module: String) -> [TypeFile.Function] {
    self.module(module)?.functions.filter { $0.name.hasPrefix(module + ".") } ?? []
  }

  /// The methods of a class: "kdev.Machine".
  func methods(of type: String) -> [TypeFile.Function] {
    guard let file = self.type(type)?.file, let short = type.split(separator: ".").last else { return [] }
    return file.functions.filter { $0.name.hasPrefix(short + ":") }
  }

  /// The classes of objects of a module, sorted.
  func objects(of module: String) -> [TypeFile.Class] {
    (self.module(module)?.classes.values.filter { $0.parent == "userdata" } ?? []).sorted { $0.name < $1.name }
  }

  /// The class that a function gives back first, if it is one.
  func result(of function: TypeFile.Function) -> String? {
    guard let first = function.results.first, let (type, _) = AnnotatedType.parse(first[...]) else { return nil }
    return type.classes.first { self.type($0) != nil }
  }

  // MARK: Values

  /// The full name of the function, module or object's class at `index`, nil when the files tell nothing of it. Nothing of
  /// the script is called.
  func name(of index: Int32, _ lua: LuaState) -> String? {
    switch lua.type(at: index) {
    case .userdata:
      let name = lua.typeName(at: index)
      return type(name) == nil ? nil : name
    case .table, .function: break
    default: return nil
    }
    guard let wanted = lua.identity(at: index) else { return nil }
    let top = lua.top
    defer { lua.pop(lua.top - top) }
    guard pushLoaded(lua) else { return nil }
    let loaded = lua.top
    for module in ["kdev"] + modules.map({ "kdev." + $0.name }) {
      lua.rawField(module, of: loaded)
      defer { lua.pop() }
      guard lua.type(at: -1) == .table else { continue }
      if lua.identity(at: -1) == wanted { return module }
      for function in functions(of: String(module.dropFirst(5))) {
        lua.rawField(String(function.name.drop { $0 != "." }.dropFirst()), of: -1)
        defer { lua.pop() }
        if lua.type(at: -1) == .function, lua.identity(at: -1) == wanted { return "kdev." + function.name }
      }
    }
    return nil
  }

  /// Pushes `package.loaded`.
  func pushLoaded(_ lua: LuaState) -> Bool {
    lua.pushLoadedModules()
    return lua.type(at: -1) == .table
  }
}

extension AnnotatedType {
  /// The classes in it, those of its elements not counted.
  var classes: [String] {
    switch self {
    case .named(let name): [name]
    case .union(let members): members.flatMap(\.classes)
    default: []
    }
  }

  /// The strings that it enumerates.
  var literals: [String] {
    switch self {
    case .literal(let text): [text]
    case .union(let members): members.flatMap(\.literals)
    default: []
    }
  }

  var isBoolean: Bool {
    switch self {
    case .boolean: true
    case .union(let members): members.contains(where: \.isBoolean)
    default: false
    }
  }

  /// The types of its elements.
  var elements: [AnnotatedType] {
    switch self {
    case .array(let element): [element]
    case .union(let members): members.flatMap(\.elements)
    default: []
    }
  }
}
