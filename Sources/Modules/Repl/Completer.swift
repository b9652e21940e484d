import Host
public import LineEditor
import LuaKit
public import LuaRuntime

extension LuaRuntime {
  /// What could stand at the end of a text: names, fields, methods, options of kdev's functions, their values, modules and
  /// files. Nothing of the script is called.
  public func complete(_ text: String, _ environment: Environment) -> Completion? {
    withState { lua in
      guard (try? lua.ensureStack(200)) != nil else { return nil }
      return Completer(lua: lua, types: TypeIndex(environment)).complete(text)
    }
  }
}

struct Completer {
  let lua: LuaState
  let types: TypeIndex

  func complete(_ text: String) -> Completion? {
    var tokens = LuaLexer.tokens(text)
    guard let last = tokens.last else { return globals("", tokens) }
    switch last.kind {
    case .openComment: return nil
    case .openString(let quote):
      guard !last.text.contains("\n") else { return nil }
      tokens.removeLast()
      return strings(last.text, quote: quote, tokens)
    default: break
    }
    let endsInWord = text.last.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
    if last.kind == .number, endsInWord { return nil }
    var word = ""
    if endsInWord, last.kind == .name || last.kind == .keyword {
      word = last.text
      tokens.removeLast()
    }
    if let separator = tokens.last, separator.isSymbol(".") || separator.isSymbol(":") {
      return fields(word, isMethod: separator.isSymbol(":"), tokens)
    }
    let context = CallContext(tokens)
    if let options = options(word, context, tokens) { return options }
    let values = values(of: context, tokens)
    if word.isEmpty, !values.isEmpty { return completion(word, values.map { .init($0) }) }
    return globals(word, tokens, values: values)
  }

  private func completion(_ word: String, _ candidates: some Sequence<Completion.Candidate>) -> Completion? {
    let matching = candidates.filter { $0.text.hasPrefix(word) }
    return matching.isEmpty ? nil : Completion(replaced: word.count, candidates: matching)
  }

  // MARK: Names

  private func globals(_ word: String, _ tokens: [LuaToken], values: [String] = []) -> Completion? {
    lua.pushGlobals()
    defer { lua.pop() }
    var names = Set(names(ofTableAt: -1))
    names.insert("kdev")
    names.formUnion(LuaNames.locals(tokens))
    if !word.isEmpty { names.formUnion(LuaLexer.keywords) }
    names.subtract(values)
    let candidates = values + names.filter { LuaLexer.isName($0) || LuaLexer.keywords.contains($0) }.sorted()
    return completion(word, visible(candidates, word).map { .init($0) })
  }

  /// Names that begin with two underscores are shown to those who ask for them.
  private func visible(_ names: [String], _ word: String) -> [String] {
    names.filter { !$0.hasPrefix("__") || word.hasPrefix("_") }
  }

  /// The string keys of a table and of those that its metatables name.
  private func names(ofTableAt index: Int32, callable: Bool = false) -> [String] {
    let base = lua.top
    defer { lua.pop(lua.top - base) }
    var names = Set<String>()
    lua.pushCopy(at: index)
    for _ in 0..<10 {
      if lua.type(at: -1) == .table {
        for name in lua.keys(of: -1) {
          lua.rawField(name, of: -1)
          defer { lua.pop() }
          if !callable || lua.type(at: -1) == .function { names.insert(name) }
        }
      }
      guard lua.pushMetatable(of: -1) else { break }
      lua.rawField("__index", of: -1)
      guard lua.type(at: -1) == .table else { break }
    }
    return names.sorted()
  }

  private func fields(_ word: String, isMethod: Bool, _ tokens: [LuaToken]) -> Completion? {
    guard let owner = PrefixExpression(tokens, endingAt: tokens.count - 2),
      let meaning = owner.resolve(lua, types)
    else { return nil }
    defer { if meaning.hasValue { lua.pop() } }
    var names = Set<String>()
    if meaning.hasValue {
      if let members = lua.members(at: -1) {
        names.formUnion(members.methods)
        if !isMethod { names.formUnion(members.fields) }
      } else {
        names.formUnion(self.names(ofTableAt: -1, callable: isMethod))
      }
    } else if let type = meaning.type {
      names.formUnion(types.methods(of: type).map { String($0.name.drop { $0 != ":" }.dropFirst()) })
      if !isMethod { names.formUnion(types.fields(of: type).map(\.name)) }
    }
    if let name = meaning.name {
      if name == "kdev" {
        names.formUnion(types.modules.map(\.name))
      } else {
        names.formUnion(
          types.functions(of: String(name.dropFirst(5))).map { String($0.name.drop { $0 != "." }.dropFirst()) })
      }
    }
    return completion(word, visible(names.filter { LuaLexer.isName($0) }.sorted(), word).map { .init($0) })
  }

  // MARK: Options

  private func options(_ word: String, _ context: CallContext, _ tokens: [LuaToken]) -> Completion? {
    guard context.expectsKey, let frame = context.frames.last else { return nil }
    let fields = self.fields(ofTableAt: frame.place, context, tokens).filter { !$0.isPositional }
    return completion(
      word, fields.filter { !frame.keys.contains($0.name) }.map { .init($0.name, suffix: " = ") })
  }

  /// The values that the option has which stands before the cursor, as source.
  private func values(of context: CallContext, _ tokens: [LuaToken]) -> [String] {
    guard let type = type(of: context, tokens) else { return [] }
    return type.literals.map { "\"\($0)\"" } + (type.isBoolean ? ["true", "false"] : [])
  }

  private func type(of context: CallContext, _ tokens: [LuaToken]) -> AnnotatedType? {
    guard let frame = context.frames.last else { return nil }
    if let key = frame.key {
      return fields(ofTableAt: frame.place, context, tokens).first { $0.name == key }?.type
    }
    guard frame.isCall, let function = function(endingAt: frame.place - 1, tokens) else { return nil }
    return frame.index < function.parameters.count ? function.parameters[frame.index].type : nil
  }

  private func function(endingAt end: Int, _ tokens: [LuaToken]) -> TypeFile.Function? {
    guard end >= 0, let meaning = PrefixExpression(tokens, endingAt: end)?.resolve(lua, types) else { return nil }
    if meaning.hasValue { lua.pop() }
    if let name = meaning.name { return types.function(name) }
    // A method of an object: its value is found by no name.
    guard end >= 2, tokens[end - 1].isSymbol(":") || tokens[end - 1].isSymbol("."),
      let owner = PrefixExpression(tokens, endingAt: end - 2)?.resolve(lua, types)
    else { return nil }
    if owner.hasValue { lua.pop() }
    return owner.type.flatMap { types.function("\($0):\(tokens[end].text)") }
  }

  /// The fields that the table may have whose bracket stands at `place`.
  private func fields(ofTableAt place: Int, _ context: CallContext, _ tokens: [LuaToken]) -> [TypeFile.Field] {
    expected(at: place, context, tokens).flatMap(\.classes).filter { !types.isObject($0) }
      .flatMap { types.fields(of: $0) }
  }

  private func expected(at place: Int, _ context: CallContext, _ tokens: [LuaToken]) -> [AnnotatedType] {
    guard tokens[place].isSymbol("{"), let level = context.frames.firstIndex(where: { $0.place == place }), place > 0
    else { return [] }
    if PrefixExpression.endsCallee(tokens[place - 1]), !tokens[place - 1].isSymbol("}") {
      return function(endingAt: place - 1, tokens)?.parameters.first.map { [$0.type] } ?? []
    }
    guard level > 0 else { return [] }
    let outer = context.frames[level - 1]
    if outer.isCall {
      let parameters = function(endingAt: outer.place - 1, tokens)?.parameters ?? []
      return outer.index < parameters.count ? [parameters[outer.index].type] : []
    }
    if let key = outer.key {
      return fields(ofTableAt: outer.place, context, tokens).filter { $0.name == key }.map(\.type)
    }
    return expected(at: outer.place, context, tokens).flatMap(\.elements)
  }

  // MARK: Strings

  private func strings(_ text: String, quote: Character, _ tokens: [LuaToken]) -> Completion? {
    let end = quote == "[" ? "" : String(quote)
    let context = CallContext(tokens)
    let callee = tokens.last.flatMap { $0.isSymbol("(") ? tokens.dropLast().last : $0 }
    if callee?.kind == .name, callee?.text == "require" || callee?.text == "help" {
      var names = ["kdev"] + types.modules.map { "kdev." + $0.name }
      if callee?.text == "help" {
        names += types.modules.flatMap { types.functions(of: $0.name).map { "kdev." + $0.name } }
      }
      return completion(text, names.map { .init($0, suffix: end) })
    }
    if let literals = type(of: context, tokens)?.literals, !literals.isEmpty {
      return completion(text, literals.map { .init($0, suffix: end) })
    }
    return files(text, end)
  }

  private func files(_ text: String, _ end: String) -> Completion? {
    let folder = text.lastIndex(of: "/").map { String(text[...$0]) } ?? ""
    let start = String(text.dropFirst(folder.count))
    guard let names = try? Files.list(folder.isEmpty ? "." : folder) else { return nil }
    return completion(
      start,
      names.filter { !$0.hasPrefix(".") || start.hasPrefix(".") }.sorted().map { name in
        Files.isFolder(folder + name) ? .init(name + "/") : .init(name, suffix: end)
      })
  }
}

/// Which brackets are open at the end of a text, and what of them is written.
struct CallContext {
  struct Frame {
    /// The place of the bracket.
    let place: Int
    /// It holds the arguments of a call.
    let isCall: Bool
    /// How many commas stand in it.
    var index = 0
    /// The field whose value is being written.
    var key: String?
    /// The fields that have been written.
    var keys: [String] = []
  }

  private(set) var frames: [Frame] = []
  /// The name of a field can come next.
  let expectsKey: Bool

  init(_ tokens: [LuaToken]) {
    for (place, token) in tokens.enumerated() where token.kind == .symbol {
      switch token.text {
      case "(", "{", "[":
        let isCall = token.text == "(" && place > 0 && PrefixExpression.endsCallee(tokens[place - 1])
        frames.append(Frame(place: place, isCall: isCall))
      case ")", "}", "]": _ = frames.popLast()
      case ",", ";":
        guard !frames.isEmpty else { continue }
        frames[frames.count - 1].index += 1
        frames[frames.count - 1].key = nil
      case "=":
        guard let frame = frames.last, tokens[frame.place].isSymbol("{"), frame.key == nil, place > 0 else { continue }
        let name = tokens[place - 1]
        let key = name.isSymbol("]") && place > 1 ? tokens[place - 2].text : name.text
        frames[frames.count - 1].key = key
        frames[frames.count - 1].keys.append(key)
      default: break
      }
    }
    let last = tokens.last
    expectsKey =
      frames.last.map { tokens[$0.place].isSymbol("{") } == true
      && ["{", ",", ";"].contains { last?.isSymbol($0) == true }
  }
}

extension LuaLexer {
  /// Whether the text can stand where Lua wants a name.
  static func isName(_ text: String) -> Bool {
    let tokens = tokens(text)
    return tokens.count == 1 && tokens[0].kind == .name && tokens[0].text == text
  }
}
