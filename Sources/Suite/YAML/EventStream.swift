import CYaml

/// A place in a text, counted from 1.
struct YAMLMark {
  var line: Int
  var column: Int

  init(line: Int, column: Int) { (self.line, self.column) = (line, column) }
  init(_ mark: yaml_mark_t) { (line, column) = (Int(mark.line) + 1, Int(mark.column) + 1) }
}

/// What libyaml says about a text, one event after the other.
struct YAMLEvent {
  enum Kind {
    case streamStart, streamEnd, documentStart, documentEnd
    case alias(String)
    case scalar(YAMLScalar)
    case sequenceStart(anchor: String?, tag: String?)
    case sequenceEnd
    case mappingStart(anchor: String?, tag: String?)
    case mappingEnd
  }

  var kind: Kind
  var mark: YAMLMark
}

/// A scalar as it is written, not yet resolved to a type.
struct YAMLScalar {
  enum Style { case plain, quoted, literal, folded }

  var text: String
  var anchor: String?
  var tag: String?
  var style: Style
  /// Whether its form decides its type: plain without a tag, or with the tag `!`.
  var isImplicit: Bool
}

/// libyaml's parser over a text. It owns the parser and a copy of the bytes, since libyaml keeps pointers to both.
final class EventStream {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let bytes: UnsafeMutableBufferPointer<UInt8>
  private let text: String
  private let file: String
  /// Finds tabs; nil when there is none in the text.
  private var tabs: TabCheck?

  /// Starts to parse a text.
  /// - Throws: `YAMLError` when libyaml has no memory.
  init(_ text: String, file: String) throws(YAMLError) {
    self.text = text
    self.file = file
    bytes = .allocate(capacity: text.utf8.count)
    _ = bytes.initialize(from: text.utf8)
    if bytes.contains(UInt8(ascii: "\t")) { tabs = TabCheck(text) }
    parser = .allocate(capacity: 1)
    parser.initialize(to: yaml_parser_t())
    guard yaml_parser_initialize(parser) == 1 else {
      throw YAMLError(file: file, text: text, line: 1, column: 1, problem: "out of memory")
    }
    yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deinitialize(count: 1)
    parser.deallocate()
    bytes.deallocate()
  }

  /// The next event.
  /// - Throws: `YAMLError` where the text is not well-formed YAML.
  func next() throws(YAMLError) -> YAMLEvent {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw parserError() }
    defer { yaml_event_delete(&event) }
    if let mark = tabs?.refused(before: event) {
      throw error("found character '\\t' that cannot start any token", at: mark)
    }
    return YAMLEvent(kind: kind(of: event), mark: YAMLMark(event.start_mark))
  }

  /// An error at a place of this text.
  func error(_ problem: String, at mark: YAMLMark) -> YAMLError {
    YAMLError(file: file, text: text, line: mark.line, column: mark.column, problem: problem)
  }

  private func kind(of event: yaml_event_t) -> YAMLEvent.Kind {
    switch event.type {
    case YAML_STREAM_START_EVENT: .streamStart
    case YAML_DOCUMENT_START_EVENT: .documentStart
    case YAML_DOCUMENT_END_EVENT: .documentEnd
    case YAML_ALIAS_EVENT: .alias(string(event.data.alias.anchor) ?? "")
    case YAML_SCALAR_EVENT: .scalar(scalar(of: event))
    case YAML_SEQUENCE_START_EVENT:
      .sequenceStart(anchor: string(event.data.sequence_start.anchor), tag: string(event.data.sequence_start.tag))
    case YAML_SEQUENCE_END_EVENT: .sequenceEnd
    case YAML_MAPPING_START_EVENT:
      .mappingStart(anchor: string(event.data.mapping_start.anchor), tag: string(event.data.mapping_start.tag))
    case YAML_MAPPING_END_EVENT: .mappingEnd
    default: .streamEnd
    }
  }

  private func scalar(of event: yaml_event_t) -> YAMLScalar {
    let data = event.data.scalar
    // By the length: the value may hold NUL.
    let value = UnsafeBufferPointer(start: data.value, count: data.length)
    let style: YAMLScalar.Style =
      switch data.style {
      case YAML_LITERAL_SCALAR_STYLE: .literal
      case YAML_FOLDED_SCALAR_STYLE: .folded
      case YAML_SINGLE_QUOTED_SCALAR_STYLE, YAML_DOUBLE_QUOTED_SCALAR_STYLE: .quoted
      default: .plain
      }
    return YAMLScalar(
      text: String(decoding: value, as: UTF8.self), anchor: string(data.anchor), tag: string(data.tag), style: style,
      isImplicit: data.plain_implicit != 0)
  }

  private func string(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(cString: $0) }
  }

  private func parserError() -> YAMLError {
    let state = parser.pointee
    var problem = state.problem.map { String(cString: $0) } ?? "out of memory"
    if state.error == YAML_READER_ERROR {
      return error(problem, at: mark(ofByte: Int(state.problem_offset)))
    }
    if let context = state.context {
      problem = "\(problem) (\(String(cString: context)) at line \(state.context_mark.line + 1))"
    }
    return error(problem, at: YAMLMark(state.problem_mark))
  }

  /// The reader of libyaml counts bytes where the rest of it counts lines and columns.
  private func mark(ofByte offset: Int) -> YAMLMark {
    var mark = YAMLMark(line: 1, column: 1)
    for byte in bytes.prefix(offset) {
      if byte == UInt8(ascii: "\n") {
        mark.line += 1
        mark.column = 1
      } else if byte & 0xC0 != 0x80 {
        mark.column += 1
      }
    }
    return mark
  }
}
