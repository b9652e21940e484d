import LuaSyntax

/// What is known of a value without running the script.
indirect enum ScriptType {
  case unknown
  case `nil`
  case boolean
  /// With the text when it is written in the script.
  case string(String?)
  case number(Numeral?)
  case function
  case table(TableLiteral)
  /// A result or a field, of the type that its d.lua file gives; it may also be nil when it is optional.
  case annotated(AnnotatedType, isOptional: Bool)
  case member(TypeLibrary.Member)
  /// One of Lua's own functions that matter here.
  case global(String)

  /// A table constructor.
  struct TableLiteral {
    struct Field {
      let name: String
      let offset: Int
      let type: ScriptType
      let valueOffset: Int
    }

    let offset: Int
    var fields: [Field] = []
    var elements: [(type: ScriptType, offset: Int)] = []
    /// It has keys that are computed.
    var isOpen = false
    /// The constant local that holds it.
    var declaration: Int?
  }

  /// The class of the value, when it has one.
  var className: String? {
    if case .annotated(.named(let name), _) = self { name } else { nil }
  }

  /// As "got ..." has it; nil when nothing can be said.
  var text: String? {
    switch self {
    case .unknown, .global: nil
    case .nil: "nil"
    case .boolean: "boolean"
    case .string(let value): value.map { "\"\($0)\"" } ?? "string"
    case .number: "number"
    case .function, .member: "function"
    case .table: "table"
    case .annotated(let type, _): type.text
    }
  }
}

/// The sorts of values that a type has room for.
enum ValueSort: Hashable {
  case `nil`, boolean, string, number, function, table
  case object(String)
}

extension ScriptType {
  /// nil when it may be anything.
  func sorts(_ library: TypeLibrary) -> Set<ValueSort>? {
    switch self {
    case .unknown, .global: return nil
    case .nil: return [.nil]
    case .boolean: return [.boolean]
    case .string: return [.string]
    case .number: return [.number]
    case .function, .member: return [.function]
    case .table: return [.table]
    case .annotated(let type, let isOptional):
      guard let sorts = type.sorts(library) else { return nil }
      return isOptional ? sorts.union([.nil]) : sorts
    }
  }
}

extension AnnotatedType {
  /// nil when it may be anything.
  func sorts(_ library: TypeLibrary) -> Set<ValueSort>? {
    switch self {
    case .any: return nil
    case .string, .literal: return [.string]
    case .integer, .number: return [.number]
    case .boolean: return [.boolean]
    case .function: return [.function]
    case .table, .array, .map: return [.table]
    case .named(let name):
      guard library.classes[name] != nil else { return nil }
      return library.isObject(name) ? [.object(name)] : [.table]
    case .union(let members):
      var all: Set<ValueSort> = []
      for member in members {
        guard let sorts = member.sorts(library) else { return nil }
        all.formUnion(sorts)
      }
      return all
    }
  }
}
