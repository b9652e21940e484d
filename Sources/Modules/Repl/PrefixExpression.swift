import LuaKit
import LuaSyntax

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
  init?(_ tokens: [Token], endingAt end: Int) {
    var steps: [Step] = []
    var place = end
    while place >= 0 {
      let token = tokens[place]
      if case .name(let name) = token {
        if place > 0, tokens[place - 1] == .symbol(.point) || tokens[place - 1] == .symbol(.colon) {
          steps.append(.field(name))
          place -= 2
          continue
        }
        (root, self.steps) = (.global(name), steps.reversed())
        return
      }
      guard place > 0 else { return nil }
      if case .string = token {
        // `require "x"`; a string by itself is no chain.
        guard Self.endsCallee(tokens[place - 1]) else { return nil }
        steps.append(.call)
        place -= 1
        continue
      }
      guard let open = Self.opening(tokens, of: place) else { return nil }
      let inside = tokens[(open + 1)..<place]
      let follows = open > 0 && Self.endsCallee(tokens[open - 1])
      if token == .symbol(.closeSquare) {
        guard follows, inside.count == 1 else { return nil }
        switch inside.first {
        case .string(let bytes): steps.append(.field(String(decoding: bytes, as: UTF8.self)))
        case .number(.integer(let number)): steps.append(.element(Int(number)))
        default: return nil
        }
      } else if follows {
        steps.append(.call)
      } else if token == .symbol(.closeRound), inside.count == 1, case .string? = inside.first {
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
  static func endsCallee(_ token: Token) -> Bool {
    switch token {
    case .name, .string, .symbol(.closeSquare), .symbol(.closeRound), .symbol(.closeCurly): true
    default: false
    }
  }

  private static func opening(_ tokens: [Token], of close: Int) -> Int? {
    var depth = 0
    for place in stride(from: close, through: 0, by: -1) {
      switch tokens[place] {
      case .symbol(.closeSquare), .symbol(.closeRound), .symbol(.closeCurly): depth += 1
      case .symbol(.openSquare), .symbol(.openRound), .symbol(.openCurly): depth -= 1
      default: break
      }
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
  func resolve(_ lua: LuaState, _ types: TypeLibrary) -> Meaning? {
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

  private func follow(_ step: Step, _ meaning: inout Meaning, _ lua: LuaState, _ types: TypeLibrary) {
    let before = meaning
    meaning = Meaning()
    switch step {
    case .call:
      let result = before.name.flatMap { types.member(named: $0) }?.function.result(0)
      meaning.type = result.flatMap { types.firstClass(in: $0.type) }
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
      if before.name == "kdev", types.module("kdev." + name) != nil {
        meaning.name = "kdev." + name
      } else if let owner = before.name ?? before.type {
        if let member = types.member(name, of: owner) {
          meaning.name = member.fullName
        } else if let field = types.field(name, of: owner) {
          meaning.type = types.firstClass(in: field.type)
        }
      }
    }
    describe(&meaning, lua, types)
  }

  private func describe(_ meaning: inout Meaning, _ lua: LuaState, _ types: TypeLibrary) {
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
