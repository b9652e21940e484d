import LuaKit
import Testing

@testable import LuaSyntax

@Suite struct ParserTests {
  private static let repository = String(#filePath.dropLast("/Tests/LuaSyntaxTests/ParserTests.swift".count))

  /// Whether Lua itself takes the text.
  private func luaTakes(_ text: String) throws -> Bool {
    let lua = try LuaState.make()
    defer { lua.close() }
    return (try? lua.load(text, name: "=text")) != nil
  }

  @Test(arguments: [
    "", ";;;", "return", "return;", "return 1, 2;", "do return end", "::a:: ::b:: goto a", "goto continue ::continue::",
    "local x <const>, y <close> = 1, nil", "local function f(...) return ... end", "local a", "local a, b = ...",
    "function a.b.c:d(x, ...) end", "function f() end", "f{...}", "f'x'", "f[[x]]", "f{}.x:y'z'[1](2){3}",
    "a.b['c'].d = 1", "a, b.c, d[e] = 1", "(a).b = 2", "(f)()", "(function() end)()",
    "local t = {1, 2; 3, x = 1, [2] = 3,}",
    "local t = {x}", "local t = {x, y = z; [w] = v, f()}", "local t = {[ [[k]] ] = 1}",
    "for i = 1, 2 do end", "for i = 3, 1, -1 do break end", "for k, v in pairs(t) do end", "for a in b, c, d do end",
    "while x do end", "repeat local z until z", "if a then elseif b then else end", "if a then end",
    "x = 1 // 2 % 3 ^ -4 ^ 5", "x = ~1 ~ 2 & 3 | 4 << 5 >> 6", "x = a ~= b == not c", "x = - - -1", "x = not not #t",
    "x = a .. b .. 'c'", "x = 2^-3^2", "x = a and b or c and d", "x = -x^2 < 1", "x = #'a' + #{}",
    "x = 0xA.8p1 + 0x.1p-3 + 0Xffp+2 + 3. + .5 + 1e10 + 1E-2 + 3.e1 + 0x7fffffffffffffffff",
    "x = 9223372036854775808 + 0xffffffffffffffff", "x = 1 ..2", "x = a.b.c",
    #"x = '\a\b\f\n\r\t\v\\\"\'\065\x41\u{48}\u{7FFFFFFF}\z   y'"#, "x = 'a\\\nb'", "x = \"a\\\r\nb\"",
    "x = [==[a]]b]=]c]==]", "x = [[\nline]]", "--[[ c ]] x = 1 --[==[ d\n]] ]==]", "-- x", "--", "--[ not long\nx = 1",
    "x = {f = function(a, b) return a end}", "local goto_ = 1", "a.b:c(1):d {2}:e '3'", "f(function() end, ...)",
    "local _ENV = {}", "x = ... ", "x = (...)", "return (f())", "x = 'é'", "f\n(1)", "local x <const> = {f{}, g''}",
    "if x then return end", "while true do if x then break end end", "x = y[#y]", "x = a<b", "x = a>b", "x=1;y=2",
    "local a <const> = 5; local b = a", "for _ = 1, 3 do goto c; ::c:: end",
    "return function() return function() end end",
  ])
  func whatLuaTakesIsTaken(_ text: String) throws {
    #expect(try luaTakes(text))
    #expect(throws: Never.self) { try Parser.parse(SourceText(Array(text.utf8))) }
  }

  @Test(arguments: [
    "x", "x =", "local", "if x", "f(", "x = 1 1", "x = }", "for i do end", "x = 'a", "x = [[a", "--[[ a", "x = 3x",
    "x = 0x", "x = '\\q'", "x = '\\300'", "return return", "return 1 x = 2", "a.b", "(a)", "f:x", "x = @",
    "local function",
    "function a:b.c() end", "x = {1 2}", "local x <const", "::a", "end", "x = '\\u{80000000}'", "f() = 1 2",
  ])
  func whatLuaRefusesIsRefused(_ text: String) throws {
    #expect(try !luaTakes(text))
    #expect(throws: SyntaxError.self) { try Parser.parse(SourceText(Array(text.utf8))) }
  }

  @Test func deepNestingThatLuaTakesIsTaken() throws {
    for text in [
      "x = " + String(repeating: "(", count: 150) + "1" + String(repeating: ")", count: 150),
      "x = 1" + String(repeating: " + 1", count: 20_000), "x = f" + String(repeating: "()", count: 20_000),
      "x = " + String(repeating: "{", count: 150) + String(repeating: "}", count: 150),
      String(repeating: "do ", count: 150) + String(repeating: "end ", count: 150),
      "if a then" + String(repeating: " elseif b then", count: 5000) + " end",
    ] {
      #expect(try luaTakes(text))
      #expect(throws: Never.self) { try Parser.parse(SourceText(Array(text.utf8))) }
    }
  }

  @Test func aFirstLineForTheSystemAndAByteOrderMarkArePassedOver() throws {
    let chunk = try Parser.parse(SourceText([0xEF, 0xBB, 0xBF] + Array("#!/usr/bin/lua\nx = 1\n".utf8)))
    #expect(chunk.block.statements.count == 1)
  }

  @Test(arguments: [
    ("1", Numeral.integer(1)), ("0x10", .integer(16)), ("0xffffffffffffffff", .integer(-1)), ("3.", .float(3)),
    (".5", .float(0.5)), ("3.e1", .float(30)), ("0x.8p1", .float(1)), ("0xA.8", .float(10.5)), ("1e2", .float(100)),
    ("9223372036854775807", .integer(.max)), ("9223372036854775808", .float(0x1p63)),
  ])
  func numbersAreReadAsLuaReadsThem(_ text: String, _ value: Numeral) {
    #expect(Numeral(text) == value)
  }

  @Test func escapesGiveTheBytesThatLuaGives() throws {
    let text = #"return '\065\x42\u{7FF}\u{FFFF}\u{7FFFFFFF}\z   c\n', [==[\#r\#na]]\#n]==]"#
    let chunk = try Parser.parse(SourceText(Array(text.utf8)))
    guard case .return(let values) = chunk.block.statements[0].kind, case .string(let first) = values[0].kind,
      case .string(let second) = values[1].kind
    else {
      Issue.record("two strings expected")
      return
    }
    let lua = try LuaState.make()
    defer { lua.close() }
    try lua.load(text, name: "=text")
    try lua.call(results: 2)
    #expect(first == lua.withBytes(at: -2) { Array($0) })
    #expect(second == lua.withBytes(at: -1) { Array($0) })
  }

  @Test func columnsCountCharacters() {
    let source = SourceText(Array("a\né = x".utf8))
    #expect(source.position(of: 5) == (line: 2, column: 3))
  }
}

@Suite struct ScopesTests {
  private func scopes(_ text: String) throws -> Scopes { Scopes(try Parser.parse(SourceText(Array(text.utf8)))) }

  @Test func aUseIsTiedToTheInnermostDeclarationBeforeIt() throws {
    let text = "local a = 1; local a = a; do local a; a = 2 end; print(a)"
    let scopes = try scopes(text)
    let second = try #require(text.ranges(of: "local a")[1].upperBound.utf16Offset(in: text) as Int?) - 1
    let last = try #require(text.lastIndex(of: "a")).utf16Offset(in: text)
    #expect(scopes.declarations[last] == second)
    #expect(!scopes.reassigned.contains(second))
    #expect(scopes.globals.map(\.text) == ["print"])
  }

  @Test func aFunctionThatAssignsALocalMakesItUncertain() throws {
    let scopes = try scopes("local a = 1; local function f() a = 2 end")
    #expect(scopes.reassigned == [6])
  }

  @Test func theConditionOfRepeatSeesItsBlock() throws {
    #expect(try scopes("repeat local done until done").globals.isEmpty)
    #expect(try scopes("while done do local done end").globals.map(\.text) == ["done"])
  }
}
