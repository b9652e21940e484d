import LuaKit
import LuaSyntax
import TerminalText

/// The text of the *.d.lua files, laid out for a terminal.
struct Help {
  let types: TypeLibrary
  let columns: Int
  let paint: Paint

  private var width: Int { min(max(columns, 40), 100) }

  // MARK: What is asked for

  /// The text for a name as a person writes it: "kdev", "disk", "kdev.disk.create", "kdev.Machine", "Machine:exec".
  /// - Returns: nil when nothing has that name.
  func text(named name: String) -> String? {
    let name = name == "kdev" || name.hasPrefix("kdev.") ? name : "kdev." + name
    if name == "kdev" { return overview }
    if let module = types.module(name) { return self.module(module) }
    if let member = types.member(named: name) { return function(member) }
    return types.classes[name].map { type($0) }
  }

  /// The name that a person can have meant, written in full or in short as they did.
  func nearest(to name: String) -> String? {
    if name.hasPrefix("kdev") { return Suggestion.nearest(to: name, in: names) }
    return Suggestion.nearest(
      to: name, in: names.map { String($0.dropFirst("kdev.".count)) } + StandardLibrary.functions.sorted())
  }

  /// All names that there is a text for.
  var names: [String] {
    ["kdev"]
      + types.modules.flatMap(\.file.classes.keys).flatMap { name in
        [name] + (types.functions(of: name) + types.methods(of: name)).map(\.fullName)
      }
  }

  // MARK: Pages

  /// What `help()` shows.
  var start: String {
    """
    \(paint(.bold, "At the prompt"))
      An expression is printed, and `_` is the last result. A text that is not whole goes on in the next line.
      Tab completes names, methods and the options of kdev's functions. Control-R searches what was typed before.
      Control-C ends what runs, Control-D or exit ends the session.

    \(paint(.bold, "help"))
      help(kdev)               its modules
      help(kdev.disk)          a module
      help(kdev.disk.create)   a function, with its options
      help "kdev.Machine"      a kind of object; help(vm) of one that you have

    """
  }

  private var overview: String {
    let length = types.modules.map(\.name.count).max() ?? 0
    let lines = types.modules.map { module in
      "  " + paint(.cyan, module.name) + String(repeating: " ", count: length - module.name.count + 2)
        + Self.firstSentence(module.file.text)
    }
    return paint(.bold, "kdev") + "\n\n" + lines.joined(separator: "\n") + "\n"
  }

  private func module(_ module: TypeLibrary.Module) -> String {
    var page = [paint(.bold, module.name), wrap(module.file.text, indent: 2)]
    let functions = types.functions(of: module.name)
    if !functions.isEmpty { page.append(list("Functions", functions)) }
    let objects = types.objects(of: module)
    if !objects.isEmpty { page.append(list("Objects", objects.map { ($0.name, $0.text) })) }
    return page.joined(separator: "\n\n") + "\n"
  }

  private func type(_ type: TypeFile.Class) -> String {
    var page = [paint(.bold, type.name)]
    if !type.text.isEmpty { page.append(wrap(type.text, indent: 2)) }
    if let fields = fields(types.fields(of: type.name)) { page.append(heading("Fields") + "\n" + fields) }
    let methods = types.methods(of: type.name)
    if !methods.isEmpty { page.append(list("Methods", methods)) }
    return page.joined(separator: "\n\n") + "\n"
  }

  private func function(_ member: TypeLibrary.Member) -> String {
    let function = member.function
    var page = [paint(.bold, signature(member))]
    if !function.text.isEmpty { page.append(wrap(function.text, indent: 2)) }
    var shown: [TypeFile.Field] = []
    for parameter in function.parameters {
      let classes = parameter.type.classes.filter(isOptions)
      if classes.isEmpty { shown.append(parameter) }
      for name in classes {
        if let text = fields(types.fields(of: name)) { page.append(heading("Options") + "\n" + text) }
      }
    }
    if let text = fields(shown) { page.insert(heading("Parameters") + "\n" + text, at: min(2, page.count)) }
    if !function.results.isEmpty {
      page.append(
        heading("Returns") + "\n" + function.results.map { wrap(Self.spaced($0), indent: 2) }.joined(separator: "\n"))
      for result in function.results {
        guard let (type, _) = AnnotatedType.parse(result[...]) else { continue }
        for name in type.classes {
          if let text = fields(types.fields(of: name)) { page.append(heading(name) + "\n" + text) }
        }
      }
    }
    return page.joined(separator: "\n\n") + "\n"
  }

  // MARK: Parts

  /// `kdev.disk.create { path, size, format? }`, `task.sleep(seconds)`.
  private func signature(_ member: TypeLibrary.Member) -> String {
    let (name, function) = (member.name, member.function)
    if function.parameters.count == 1, let only = function.parameters.first,
      let type = only.type.classes.first(where: isOptions)
    {
      let fields = types.fields(of: type)
      let names = fields.map { $0.isPositional ? "..." : $0.isOptional ? $0.name + "?" : $0.name }
      let text = "\(name) { \(names.joined(separator: ", ")) }"
      return text.count <= width ? text : "\(name) { ... }"
    }
    let names = function.parameters.map { $0.isOptional ? $0.name + "?" : $0.name }
    return "\(name)(\(names.joined(separator: ", ")))"
  }

  /// A class of tables that have something to be told of.
  private func isOptions(_ name: String) -> Bool { types.isTable(name) && !types.fields(of: name).isEmpty }

  private func heading(_ text: String) -> String { paint(.bold, text) }

  private func list(_ title: String, _ members: [TypeLibrary.Member]) -> String {
    list(title, members.map { (signature($0), $0.function.text) })
  }

  private func list(_ title: String, _ items: [(String, String)]) -> String {
    let lines = items.map { name, text in
      "  " + paint(.cyan, name) + (text.isEmpty ? "" : "\n" + wrap(Self.firstSentence(text), indent: 6))
    }
    return heading(title) + "\n" + lines.joined(separator: "\n")
  }

  /// A line for each field: its name, its type, and below them its text.
  private func fields(_ fields: [TypeFile.Field]) -> String? {
    guard !fields.isEmpty else { return nil }
    return fields.map { field in
      let name = field.isPositional ? "[1], [2], ..." : field.name
      let type = field.type.text + (field.isOptional ? ", optional" : "")
      return "  " + paint(.cyan, name) + "  " + paint(.dim, type)
        + (field.text.isEmpty ? "" : "\n" + wrap(field.text, indent: 6))
    }.joined(separator: "\n")
  }

  private static func spaced(_ result: String) -> String { result.split(separator: " ").joined(separator: " ") }

  private static func firstSentence(_ text: String) -> String {
    let paragraph = text.split(separator: "\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }
      .joined(separator: " ")
    var sentence = ""
    for word in paragraph.split(separator: " ") {
      sentence += (sentence.isEmpty ? "" : " ") + word
      if word.hasSuffix(".") { break }
    }
    return sentence
  }

  /// Breaks paragraphs at blanks; the backquotes that mark code go, as it stands out by itself.
  private func wrap(_ text: String, indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    for paragraph in Self.paragraphs(text) {
      var line = ""
      for word in paragraph.split(separator: " ") {
        if !line.isEmpty, indent + DisplayWidth.of(line) + 1 + DisplayWidth.of(word) > width {
          lines.append(margin + line)
          line = ""
        }
        line += (line.isEmpty ? "" : " ") + word
      }
      lines.append(line.isEmpty ? "" : margin + line)
    }
    while lines.last == "" { lines.removeLast() }
    return lines.joined(separator: "\n")
  }

  /// Lines that follow each other are one paragraph; an empty line stays one.
  private static func paragraphs(_ text: String) -> [String] {
    var paragraphs: [String] = []
    var open = ""
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty {
        paragraphs += [open, ""]
        open = ""
      } else {
        open += (open.isEmpty ? "" : " ") + line
      }
    }
    return open.isEmpty ? paragraphs : paragraphs + [open]
  }
}
