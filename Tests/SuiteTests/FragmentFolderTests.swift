import Glibc
import Suite
import Testing

@Suite("Reading a folder of fragments") struct FragmentFolderTests {
  @Test func takesYAMLFilesByTheirPlaceInTheTree() throws {
    try withFolder([
      "b.yaml": "x: 1", "a/10-y.yaml": "y: 1", "a/README": "no", "a/.hidden.yaml": "[", "off.disable/z.yaml": "[",
    ]) { folder in
      let fragments = try Fragment.all(under: folder)
      #expect(fragments.map(\.name) == ["a/10-y.yaml", "b.yaml"])
      #expect(fragments.first?.path == "\(folder)/a/10-y.yaml")
      #expect(fragments.first?.text == "y: 1")
    }
  }

  @Test func errorsNameTheFile() throws {
    try withFolder(["a.yaml": "x: [1"]) { folder in
      let error = #expect(throws: FragmentReadError.self) { try Fragment.all(under: folder) }
      #expect(error?.description.hasPrefix("\(folder)/a.yaml:1:") == true)
    }
    let missing = #expect(throws: FragmentReadError.self) { try Fragment.all(under: "/nowhere/at/all") }
    #expect(missing?.description == "/nowhere/at/all: No such file or directory")
  }

  @Test func aLinkThatLeadsBackUpIsAnError() throws {
    try withFolder(["a/b.yaml": "x: 1"]) { folder in
      #expect(symlink("..", "\(folder)/a/up") == 0)
      #expect(throws: FragmentReadError.self) { try Fragment.all(under: folder) }
    }
  }

  private func withFolder(_ files: [String: String], _ body: (String) throws -> Void) throws {
    var template = Array("/tmp/fragments.XXXXXX".utf8CString)
    let folder = String(cString: try #require(mkdtemp(&template)))
    var made = [folder]
    defer { for path in made.reversed() { remove(path) } }
    for (name, text) in files.sorted(by: { $0.key < $1.key }) {
      let segments = name.split(separator: "/")
      for count in 1..<max(segments.count, 1) {
        let path = "\(folder)/\(segments.prefix(count).joined(separator: "/"))"
        if mkdir(path, 0o700) == 0 { made.append(path) }
      }
      let file = try #require(fopen("\(folder)/\(name)", "w"))
      fputs(text, file)
      fclose(file)
      made.append("\(folder)/\(name)")
    }
    try body(folder)
    // What the body linked.
    remove("\(folder)/a/up")
  }
}
