import Host
import Testing

@testable import Modules

@Suite struct AnnotatedTypeTests {
  @Test(arguments: [
    ("string", AnnotatedType.string), ("string|integer", .union([.string, .integer])), ("string[]", .array(.string)),
    ("table<string, kdev.Disk>", .map(.named("kdev.Disk"))),
    (#""qcow2"|"raw""#, .union([.literal("qcow2"), .literal("raw")])),
    ("fun(a: string): integer", .function), ("kdev.Disk[]", .array(.named("kdev.Disk"))),
  ])
  func isRead(_ text: String, _ type: AnnotatedType) throws {
    let (read, rest) = try #require(AnnotatedType.parse(text[...] + " and more"))
    #expect(read == type)
    #expect(rest == " and more")
  }
}

@Suite struct TypeFileTests {
  @Test func classesFieldsAndFunctionsAreRead() throws {
    let file = TypeFile(
      """
      ---@meta kdev.x

      --- What it is for.
      ---@class kdev.x
      local x = {}

      ---@class kdev.x.Base
      ---@field a string The first.

      --- More.
      ---@class kdev.x.Options: kdev.x.Base
      ---@field b? string|integer The second.
      ---@field [integer] string Words.

      --- Does it.
      --- Twice.
      ---@param options kdev.x.Options What to do.
      ---@return string done
      function x.run(options) end
      """)
    #expect(file.text == "What it is for.")
    #expect(file.fields(of: "kdev.x.Options").map(\.name) == ["a", "b", "[integer]"])
    #expect(file.fields(of: "kdev.x.Options").map(\.isOptional) == [false, true, false])
    #expect(file.fields(of: "kdev.x.Options")[1].text == "The second.")
    let function = try #require(file.functions.first)
    #expect(function.name == "x.run")
    #expect(function.text == "Does it.\nTwice.")
    #expect(function.parameters.map(\.name) == ["options"])
    #expect(function.results == ["string done"])
  }
}

@Suite struct StdlibTests {
  private let repository = String(#filePath.dropLast("/Tests/ModulesTests/SchemaTests.swift".count))

  /// Run scripts/embed when this fails.
  @Test func everyFileOfTheStdlibIsInTheBinaryAsItIs() throws {
    let stdlib = Stdlib(environment: ["KDEVLUA_STDLIB": "/nonexistent"])
    var names: [String] = []
    func visit(_ folder: String, _ prefix: String, _ suffix: String) throws {
      for name in try Files.list(folder) {
        let path = folder + "/" + name
        if Files.isFolder(path) {
          try visit(path, suffix.isEmpty ? prefix + name + "/" : prefix, suffix)
        } else if name.hasSuffix(suffix), !name.hasSuffix("_test.lua") {
          names.append(prefix + name)
          #expect(stdlib.read(prefix + name) == (try Files.read(path)), "\(prefix)\(name)")
        }
      }
    }
    try visit(repository + "/stdlib", "", "")
    try visit(repository + "/Sources/Modules", "types/", ".d.lua")
    #expect(names.sorted() == Stdlib.embeddedNames.sorted())
  }

  @Test func aFolderTakesThePlaceOfTheBinarysFiles() throws {
    let stdlib = Stdlib(environment: ["KDEVLUA_STDLIB": repository + "/stdlib"])
    #expect(stdlib.place("setup.lua") == repository + "/stdlib/setup.lua")
    #expect(stdlib.read("types/disk.d.lua") != nil)
    #expect(stdlib.module("kdev")?.place == repository + "/stdlib/kdev.lua")
  }

  @Test func everyModulesFunctionsAreDocumented() throws {
    let stdlib = Stdlib(environment: ["KDEVLUA_STDLIB": "/nonexistent"])
    for name in Stdlib.embeddedNames where name.hasPrefix("types/") && name != "types/kdev.d.lua" {
      let file = TypeFile(String(decoding: try #require(stdlib.read(name)), as: UTF8.self))
      #expect(!file.functions.isEmpty, "\(name)")
      #expect(!file.text.isEmpty, "\(name) does not say what it is for")
      for function in file.functions { #expect(!function.text.isEmpty, "\(name): \(function.name)") }
    }
  }
}
