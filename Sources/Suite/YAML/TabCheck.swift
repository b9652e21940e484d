import CYaml

/// Finds the tabs that PyYAML refuses and libyaml takes for blanks: all but those in quotes, in literal and folded scalars and
/// in comments.
struct TabCheck {
  private let scalars: [Unicode.Scalar]
  /// Up to here the text was looked at.
  private var position = 0
  private var mark = YAMLMark(line: 1, column: 1)

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  /// Looks at the text up to the end of an event; events must come in order.
  /// - Returns: the place of a tab that must not be there.
  mutating func refused(before event: yaml_event_t) -> YAMLMark? {
    if let mark = look(upTo: Int(event.start_mark.index), hasComments: true) { return mark }
    let isPlain = event.type == YAML_SCALAR_EVENT && event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE
    let end = Int(event.end_mark.index)
    if isPlain { return look(upTo: end, hasComments: false) }
    while position < min(end, scalars.count) { step() }
    return nil
  }

  private mutating func look(upTo end: Int, hasComments: Bool) -> YAMLMark? {
    var isComment = false
    while position < min(end, scalars.count) {
      let scalar = scalars[position]
      if scalar == "\n" || scalar == "\r" {
        isComment = false
      } else if hasComments, scalar == "#", position == 0 || Self.isBlank(scalars[position - 1]) {
        isComment = true
      } else if scalar == "\t", !isComment {
        return mark
      }
      step()
    }
    return nil
  }

  private mutating func step() {
    if scalars[position] == "\n" {
      mark = YAMLMark(line: mark.line + 1, column: 1)
    } else {
      mark.column += 1
    }
    position += 1
  }

  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
    scalar == " " || scalar == "\n" || scalar == "\r" || scalar == "\t"
  }
}
