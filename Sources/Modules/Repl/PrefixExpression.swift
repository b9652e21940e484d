import LuaKit

/// A chain such as `vm:exec`, `kdev.disk.info("a").` or `list[1].name`, read backwards from its end.
struct PrefixExpression {
  enum Step: Equatable {
    case field(String)
    case element(Int)
    /// What a call gives back.
    case call
  }
  enum Root: Equatable {
    case global(String)
    case string
  }

  let root: Root
  let steps: [Step]

  /// The chain whose last word is at `end`.
  /// - Returns: nil when there is none, or none that can be followed.
  init?(_ tokens: [LuaToken], endingAt end: Int) {
    var steps: [Step] = []
    var place = end
    while place >= 0 {
      let token = tokens[place]
      if token.kind == .name {
        if place > 0, tokens[place - 1].isSymbol(".") || tokens[place - 1].isSymbol(":") {
          steps.append(.field(token.text))
          place -= 2
          continue
        }
        (root, self.steps) = (.global(token.text), steps.reversed())
        return
      }
      guard place > 0 else { return nil }
      if token.kind == .string {
        // `require "x"`; a string by itself is no chain.
        guard Self.endsCallee(tokens[place - 1]) else { return nil }
        steps.append(.call)
        place -= 1
        continue
      }
      guard let open = Self.opening(tokens, of: place) else { return nil }
      let inside = tokens[(open + 1)..<place]
      let follows = open > 0 && Self.endsCallee(tokens[open - 1])
      if token.isSymbol("]") {
        guard follows, inside.count == 1, let key = inside.first else { return nil }
        if key.kind == .string {
          steps.append(.field(key.text))
        } else if let number = Int(key.text) {
          steps.append(.element(number))
        } else {
          return nil
        }
      } else if follows {
        steps.append(.call)
      } else if token.isSymbol(")"), inside.count == 1, inside.first?.kind == .string {
        (root, self.steps) = (.string, steps.reversed())
        return
      } else {
        return nil
      }
      place = open - 1
    }
    return nil
  }

  /// Whether a call's arguments, or an index, can follow the word.
  static func endsCallee(_ token: LuaToken) -> Bool {
    token.kind == .name || token.kind == .string || ["]", ")", "}"].contains { token.isSymbol($0) }
  }

  private static func opening(_ tokens: [LuaToken], of close: Int) -> Int? {
    var depth = 0
    for place in stride(from: close, through: 0, by: -1) {
      if ["]", ")", "}"].contains(where: { tokens[place].isSymbol($0) }) { depth += 1 }
      if ["[", "(", "{"].contains(where: { tokens[place].isSymbol($0) }) { depth -= 1 }
      if depth == 0 { return place == close ? nil : place }
    }
    return nil
  }

  /// What is known of an expression without running it: it lies on the stack, or only its name or type is known.
  struct Meaning {
    var hasValue = false
    /// "kdev.disk", "kdev.disk.create", "kdev.Machine:exec".
    var name: String?
    /// The class of the object that it is.
    var type: String?
  }

  /// Follows the chain without calling anything: metatables are looked into, and functions in them passed over. When it
  /// has a value, that is pushed.
  func resolve(_ lua: LuaState, _ types: TypeIndex) -> Meaning? {
    var meaning = Meaning()
    let base = lua.top
    switch root {
    case .string:
      lua.push("")
      meaning.hasValue = true
    case .global(let name):
      lua.pushGlobals()
      Self.pushField(name, lua)
      meaning.hasValue = !lua.isNil(at: -1)
      // It is loaded when it is first named.
      if !meaning.hasValue, name == "kdev" { meaning.name = "kdev" }
    }
    describe(&meaning, lua, types)
    for step in steps {
      guard meaning.hasValue || meaning.name != nil || meaning.type != nil else { break }
      follow(step, &meaning, lua, types)
    }
    guard meaning.hasValue || meaning.name != nil || meaning.type != nil else {
      lua.pop(lua.top - base)
      return nil
    }
    // Of all that was pushed on the way, the value stays.
    if meaning.hasValue { lua.keepTop(above: base) } else { lua.pop(lua.top - base) }
    return meaning
  }

  private func follow(_ step: Step, _ meaning: inout Meaning, _ lua: LuaState, _ types: TypeIndex) {
    let before = meaning
    meaning = Meaning()
    switch step {
    case .call:
      meaning.type = before.name.flatMap { types.function($0) }.flatMap { types.result(of: $0) }
    case .element(let position):
      guard before.hasValue, lua.type(at: -1) == .table else { return }
      lua.rawElement(position, of: -1)
      meaning.hasValue = !lua.isNil(at: -1)
    case .field(let name):
      if before.hasValue {
        Self.pushField(name, lua)
        meaning.hasValue = !lua.isNil(at: -1)
      }
      guard !meaning.hasValue else { break }
      if let owner = before.name, owner == "kdev", types.module(name) != nil {
        meaning.name = "kdev." + name
      } else if let owner = before.name, types.function(owner + "." + name) != nil {
        meaning.name = owner + "." + name
      } else if let type = before.type {
        if types.function(type + ":" + name) != nil {
          meaning.name = type + ":" + name
        } else if let field = types.fields(of: type).first(where: { $0.name == name }) {
          meaning.type = field.type.classes.first { types.type($0) != nil }
        }
      }
    }
    describe(&meaning, lua, types)
  }

  private func describe(_ meaning: inout Meaning, _ lua: LuaState, _ types: TypeIndex) {
    guard meaning.hasValue, let name = types.name(of: -1, lua) else { return }
    if lua.type(at: -1) == .userdata { meaning.type = name } else { meaning.name = name }
  }

  /// Pushes a field of the value on top, with the tables that its metatables name; nil when only a function would know.
  private static func pushField(_ name: String, _ lua: LuaState) {
    let base = lua.top
    lua.pushCopy(at: -1)
    for _ in 0..<10 {
      if lua.type(at: -1) == .table {
        lua.rawField(name, of: -1)
        if !lua.isNil(at: -1) {
          return lua.keepTop(above: base)
        }
        lua.pop()
      }
      guard lua.pushMetatable(of: -1) else { break }
      lua.rawField("__index", of: -1)
      guard lua.type(at: -1) == .table else { break }
    }
    lua.pop(lua.top - base)
    lua.pushNil()
  }
}
