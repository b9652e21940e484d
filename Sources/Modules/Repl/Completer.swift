import Host
public import LineEditor
import LuaKit
public import LuaRuntime
import LuaSyntax

extension LuaRuntime {
  /// What could stand at the end of a text: names, fields, methods, options of kdev's functions, their values, modules and
  /// files. Nothing of the script is called.
  public func complete(_ text: String, _ environment: Environment) -> Completion? {
    withState { lua in
      guard (try? lua.ensureStack(200)) != nil else { return nil }
      return Completer(lua: lua, types: environment.typeLibrary).complete(text)
    }
  }
}

struct Completer {
  let lua: LuaState
  let types: TypeLibrary

  func complete(_ text: String) -> Completion? {
    let lexemes = Lexeme.all(in: text)
    var tokens = lexemes.map(\.token)
    guard let last = lexemes.last else { return globals("", tokens) }
    let endsInWord = text.last.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
    var word = ""
    switch last.token {
    case .unfinishedComment: return nil
    case .unfinishedString(let opening):
      let written = String(decoding: text.utf8.dropFirst(last.range.lowerBound + opening.utf8.count), as: UTF8.self)
      guard !written.contains(where: \.isNewline) else { return nil }
      return strings(written, opening: opening, tokens.dropLast())
    case .number, .malformed: if endsInWord { return nil }
    case .name(let name): if endsInWord { word = name }
    case .keyword(let keyword): if endsInWord { word = keyword.rawValue }
    default: break
    }
    if !word.isEmpty { tokens.removeLast() }
    if let separator = tokens.last, separator == .symbol(.point) || separator == .symbol(.colon) {
      return fields(word, isMethod: separator == .symbol(.colon), tokens)
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

  private func globals(_ word: String, _ tokens: [Token], values: [String] = []) -> Completion? {
    lua.pushGlobals()
    defer { lua.pop() }
    var names = Set(names(ofTableAt: -1))
    names.insert("kdev")
    names.formUnion(LocalNames.all(tokens))
    names = names.filter(Token.isName)
    if !word.isEmpty { names.formUnion(Keyword.allCases.map(\.rawValue)) }
    names.subtract(values)
    return completion(word, visible(values + names.sorted(), word).map { .init($0) })
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

  private func fields(_ word: String, isMethod: Bool, _ tokens: [Token]) -> Completion? {
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
      names.formUnion(types.methods(of: type).map(\.key))
      if !isMethod { names.formUnion(types.fields(of: type).map(\.name)) }
    }
    if let name = meaning.name {
      names.formUnion(name == "kdev" ? types.modules.map(\.shortName) : types.functions(of: name).map(\.key))
    }
    return completion(word, visible(names.filter(Token.isName).sorted(), word).map { .init($0) })
  }

  // MARK: Options

  private func options(_ word: String, _ context: CallContext, _ tokens: [Token]) -> Completion? {
    guard context.expectsKey, let frame = context.frames.last else { return nil }
    let fields = self.fields(ofTableAt: frame.place, context, tokens).filter { !$0.isPositional }
    return completion(
      word, fields.filter { !frame.keys.contains($0.name) }.map { .init($0.name, suffix: " = ") })
  }

  /// The values that the option has which stands before the cursor, as source.
  private func values(of context: CallContext, _ tokens: [Token]) -> [String] {
    guard let type = type(of: context, tokens) else { return [] }
    return type.literals.map { "\"\($0)\"" } + (type.isBoolean ? ["true", "false"] : [])
  }

  private func type(of context: CallContext, _ tokens: [Token]) -> AnnotatedType? {
    guard let frame = context.frames.last else { return nil }
    if let key = frame.key {
      return fields(ofTableAt: frame.place, context, tokens).first { $0.name == key }?.type
    }
    guard frame.isCall, let function = function(endingAt: frame.place - 1, tokens) else { return nil }
    return frame.index < function.parameters.count ? function.parameters[frame.index].type : nil
  }

  private func function(endingAt end: Int, _ tokens: [Token]) -> TypeFile.Function? {
    guard end >= 0, let meaning = PrefixExpression(tokens, endingAt: end)?.resolve(lua, types) else { return nil }
    if meaning.hasValue { lua.pop() }
    if let name = meaning.name { return types.member(named: name)?.function }
    // A method of an object: its value is found by no name.
    guard end >= 2, case .name(let name) = tokens[end], tokens[end - 1] == .symbol(.colon),
      let owner = PrefixExpression(tokens, endingAt: end - 2)?.resolve(lua, types)
    else { return nil }
    if owner.hasValue { lua.pop() }
    return owner.type.flatMap { types.member(named: "\($0):\(name)")?.function }
  }

  /// The fields that the table may have whose bracket stands at `place`.
  private func fields(ofTableAt place: Int, _ context: CallContext, _ tokens: [Token]) -> [TypeFile.Field] {
    expected(at: place, context, tokens).flatMap(\.classes).filter(types.isTable).flatMap(types.fields)
  }

  private func expected(at place: Int, _ context: CallContext, _ tokens: [Token]) -> [AnnotatedType] {
    guard tokens[place] == .symbol(.openCurly), let level = context.frames.firstIndex(where: { $0.place == place }),
      place > 0
    else { return [] }
    if PrefixExpression.endsCallee(tokens[place - 1]), tokens[place - 1] != .symbol(.closeCurly) {
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

  private func strings(_ text: String, opening: String, _ tokens: [Token]) -> Completion? {
    let end = opening.hasPrefix("[") ? "" : opening
    let context = CallContext(tokens)
    let callee = tokens.last.flatMap { $0 == .symbol(.openRound) ? tokens.dropLast().last : $0 }
    if callee == .name("require") || callee == .name("help") {
      var names = ["kdev"] + types.modules.map(\.name)
      if callee == .name("help") { names += types.modules.flatMap { types.functions(of: $0.name).map(\.fullName) } }
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

  init(_ tokens: [Token]) {
    for (place, token) in tokens.enumerated() {
      guard case .symbol(let symbol) = token else { continue }
      switch symbol {
      case .openRound, .openCurly, .openSquare:
        let isCall = symbol == .openRound && place > 0 && PrefixExpression.endsCallee(tokens[place - 1])
        frames.append(Frame(place: place, isCall: isCall))
      case .closeRound, .closeCurly, .closeSquare: _ = frames.popLast()
      case .comma, .semicolon:
        guard !frames.isEmpty else { continue }
        frames[frames.count - 1].index += 1
        frames[frames.count - 1].key = nil
      case .assign:
        guard let frame = frames.last, tokens[frame.place] == .symbol(.openCurly), frame.key == nil, place > 0
        else { continue }
        let isInBrackets = tokens[place - 1] == .symbol(.closeSquare) && place > 1
        let key = Self.key(tokens[isInBrackets ? place - 2 : place - 1])
        frames[frames.count - 1].key = key
        frames[frames.count - 1].keys.append(key)
      default: break
      }
    }
    expectsKey =
      frames.last.map { tokens[$0.place] == .symbol(.openCurly) } == true
      && [.symbol(.openCurly), .symbol(.comma), .symbol(.semicolon)].contains(tokens.last)
  }

  /// Empty for what names no field.
  private static func key(_ token: Token) -> String {
    switch token {
    case .name(let name): name
    case .string(let bytes): String(decoding: bytes, as: UTF8.self)
    default: ""
    }
  }
}
