import LineEditor
import LuaKit

/// The text of the *.d.lua files, laid out for a terminal.
struct Help {
  let types: TypeIndex
  let columns: Int
  let paint: Paint

  private var width: Int { min(max(columns, 40), 100) }

  // MARK: What is asked for

  /// The text for a name as a person writes it: "kdev", "disk", "kdev.disk.create", "kdev.Machine", "Machine:exec".
  /// - Returns: nil when nothing has that name.
  func text(named name: String) -> String? {
    let name = fullName(name)
    if name == "kdev" { return overview }
    if name.hasPrefix("kdev."), let file = types.module(String(name.dropFirst(5))) {
      return module(String(name.dropFirst(5)), file)
    }
    if let function = types.function(name) { return self.function(name, function) }
    if types.type(name) != nil { return type(name) }
    return nil
  }

  /// The names that a person can have meant.
  var names: [String] {
    types.modules.flatMap { module in
      ["kdev." + module.name] + module.file.classes.keys
        + module.file.functions.compactMap { fullName(of: $0, in: module.name) }
    }
  }

  private func fullName(_ name: String) -> String {
    if name == "kdev" || types.module(name) != nil { return name == "kdev" ? name : "kdev." + name }
    return name.hasPrefix("kdev.") ? name : "kdev." + name
  }

  private func fullName(of function: TypeFile.Function, in module: String) -> String? { "kdev." + function.name }

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
    let lines = types.modules.map { name, file in
      "  " + paint(.cyan, "kdev." + name) + String(repeating: " ", count: length - name.count + 2)
        + Self.firstSentence(file.text)
    }
    return paint(.bold, "kdev") + "\n\n" + lines.joined(separator: "\n") + "\n"
  }

  private func module(_ name: String, _ file: TypeFile) -> String {
    var page = [paint(.bold, "kdev." + name), wrap(file.text, indent: 2)]
    let functions = types.functions(of: name)
    if !functions.isEmpty {
      page.append(list("Functions", functions.map { (signature("kdev." + $0.name, $0), $0.text) }))
    }
    let objects = types.objects(of: name)
    if !objects.isEmpty { page.append(list("Objects", objects.map { ($0.name, $0.text) })) }
    return page.joined(separator: "\n\n") + "\n"
  }

  private func type(_ name: String) -> String {
    guard let (file, type) = types.type(name) else { return "" }
    var page = [paint(.bold, name)]
    if !type.text.isEmpty { page.append(wrap(type.text, indent: 2)) }
    if let fields = fields(file.fields(of: name)) { page.append(heading("Fields") + "\n" + fields) }
    let methods = types.methods(of: name)
    if !methods.isEmpty { page.append(list("Methods", methods.map { (signature($0.name, $0), $0.text) })) }
    return page.joined(separator: "\n\n") + "\n"
  }

  private func function(_ name: String, _ function: TypeFile.Function) -> String {
    var page = [paint(.bold, signature(name.contains(":") ? function.name : name, function))]
    if !function.text.isEmpty { page.append(wrap(function.text, indent: 2)) }
    var shown: [TypeFile.Field] = []
    for parameter in function.parameters {
      let classes = parameter.type.classes.filter { !types.isObject($0) && !types.fields(of: $0).isEmpty }
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
  private func signature(_ name: String, _ function: TypeFile.Function) -> String {
    if function.parameters.count == 1, let only = function.parameters.first,
      let type = only.type.classes.first(where: { !types.isObject($0) && !types.fields(of: $0).isEmpty })
    {
      let fields = types.fields(of: type)
      let names = fields.map { $0.isPositional ? "..." : $0.isOptional ? $0.name + "?" : $0.name }
      let text = "\(name) { \(names.joined(separator: ", ")) }"
      return text.count <= width ? text : "\(name) { ... }"
    }
    let names = function.parameters.map { $0.isOptional ? $0.name + "?" : $0.name }
    return "\(name)(\(names.joined(separator: ", ")))"
  }

  private func heading(_ text: String) -> String { paint(.bold, text) }

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
        if !line.isEmpty, indent + CharacterWidth.of(line) + 1 + CharacterWidth.of(word) > width {
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
