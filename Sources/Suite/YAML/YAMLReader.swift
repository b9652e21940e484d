/// Reads YAML 1.1 as PyYAML's `safe_load` does, over libyaml.
///
/// Plain scalars resolve by PyYAML's patterns, `<<` merges, of equal keys the last value wins, and unknown tags, a second
/// document or a duplicate anchor are errors. It departs from PyYAML in these points: an anchor that holds itself is an
/// error (values cannot be cyclic), the tags `!!omap`, `!!pairs` and `!!set` are errors, and size and depth are
/// bounded. An alias gives a copy of the value, where Python has one shared object. Where libyaml parses otherwise than
/// PyYAML, libyaml counts: it takes a tab between a key's colon and its value and a comment right behind a block scalar's `|`
/// or `>`, and refuses a colon right before a flow collection's `,` or `]`.
public struct YAMLReader: Sendable {
  /// How many nodes a text may have, counting what an alias stands for each time it is used.
  public var nodeLimit = 1_000_000
  /// How deep sequences and mappings may nest, through aliases too.
  public var depthLimit = 200

  /// A reader with the default limits.
  public init() {}

  /// Reads the one document of a text.
  /// - Parameters:
  ///   - text: the YAML.
  ///   - file: the name that errors carry.
  /// - Returns: the value; `.null` for a text without a document.
  /// - Throws: `YAMLError` with the place, for what `safe_load` refuses and what the limits forbid.
  public func read(_ text: String, file: String = "<yaml>") throws(YAMLError) -> YAMLValue {
    var document = DocumentReader(stream: try EventStream(text, file: file), limits: self)
    return try document.read().value
  }

  /// Reads the one document of a text into a heap, where an alias is the very object that its anchor is.
  /// - Parameters:
  ///   - text: the YAML.
  ///   - file: the name that errors carry.
  ///   - heap: where to make the objects.
  ///   - template: the number of the file as whose templates they are made; nil for live ones.
  /// - Returns: the object; None for a text without a document.
  /// - Throws: `YAMLError` as `read(_:file:)`.
  func read(_ text: String, file: String, into heap: ObjectHeap, template: UInt32?) throws(YAMLError) -> Object {
    var document = DocumentReader(stream: try EventStream(text, file: file), limits: self)
    document.graph = Graph(heap: heap, template: template)
    return try document.read().object
  }
}

extension YAMLValue {
  /// The value of a YAML text, read with the default limits (see `YAMLReader`).
  /// - Throws: `YAMLError` with the place of the mistake.
  public init(yaml text: String, file: String = "<yaml>") throws(YAMLError) {
    self = try YAMLReader().read(text, file: file)
  }
}

/// A value on its way, with what its use as a key or by an alias asks for.
private struct Node {
  enum Form { case ordinary, mergeKey, valueKey }

  var value: YAMLValue
  /// The same in a heap, when it is read into one.
  var object = Object.none
  var mark: YAMLMark
  var form = Form.ordinary
  /// Nodes it consists of, itself included.
  var size = 1
  /// Levels of collections.
  var depth = 0
}

/// Where objects are made.
private struct Graph {
  let heap: ObjectHeap
  let template: UInt32?

  func make(_ tag: Object.Tag, _ capacity: Int) -> Object {
    template.map { heap.makeTemplate(tag, capacity: capacity, file: $0) } ?? heap.makeNode(tag, capacity: capacity)
  }

  func list(_ items: [Object]) -> Object {
    let list = make(.list, items.count)
    for item in items { heap.append(item, to: list) }
    return list
  }
}

private struct DocumentReader {
  enum Anchor {
    /// Its node is still being read.
    case open(YAMLMark)
    case done(Node)
  }

  let stream: EventStream
  let limits: YAMLReader
  var graph: Graph?
  private var anchors: [String: Anchor] = [:]
  private var nodeCount = 0

  init(stream: EventStream, limits: YAMLReader) {
    self.stream = stream
    self.limits = limits
  }

  mutating func read() throws(YAMLError) -> (value: YAMLValue, object: Object) {
    _ = try stream.next()  // The start of the stream.
    guard case .documentStart = try stream.next().kind else { return (.null, .none) }
    let root = try node(at: try stream.next(), depth: 0)
    let value = try value(of: root)
    _ = try stream.next()  // The end of the document.
    let end = try stream.next()
    guard case .streamEnd = end.kind else {
      throw stream.error("expected a single document in the stream, but found another document", at: end.mark)
    }
    return (value, root.object)
  }

  private mutating func node(at event: YAMLEvent, depth: Int) throws(YAMLError) -> Node {
    switch event.kind {
    case .alias(let name):
      return try alias(name, at: event.mark, depth: depth)
    case .scalar(let scalar):
      try count(1, at: event.mark)
      let node = try self.scalar(scalar, at: event.mark)
      if let name = scalar.anchor {
        try open(name, at: event.mark)
        anchors[name] = .done(node)
      }
      return node
    case .sequenceStart(let anchor, let tag):
      return try collection(.sequence, anchor, tag, at: event.mark, depth: depth)
    case .mappingStart(let anchor, let tag):
      return try collection(.mapping, anchor, tag, at: event.mark, depth: depth)
    default:
      throw stream.error("expected a node", at: event.mark)
    }
  }

  private mutating func alias(_ name: String, at mark: YAMLMark, depth: Int) throws(YAMLError) -> Node {
    switch anchors[name] {
    case nil:
      throw stream.error("found undefined alias '\(name)'", at: mark)
    case .open:
      throw stream.error("the anchor '\(name)' holds itself through this alias", at: mark)
    case .done(var node):
      try count(node.size, at: mark)
      try check(depth: depth + node.depth, at: mark)
      node.mark = mark
      return node
    }
  }

  private mutating func open(_ name: String, at mark: YAMLMark) throws(YAMLError) {
    let first: YAMLMark
    switch anchors[name] {
    case nil:
      anchors[name] = .open(mark)
      return
    case .open(let mark): first = mark
    case .done(let node): first = node.mark
    }
    throw stream.error("found duplicate anchor '\(name)', already at line \(first.line)", at: mark)
  }

  // MARK: Scalars

  private func scalar(_ scalar: YAMLScalar, at mark: YAMLMark) throws(YAMLError) -> Node {
    guard let tag = try tag(of: scalar, at: mark) else { return node(of: .string(scalar.text), at: mark) }
    switch tag {
    case .merge: return Node(value: .string(scalar.text), mark: mark, form: .mergeKey)
    case .value: return Node(value: .string(scalar.text), mark: mark, form: .valueKey)
    case .sequence, .mapping:
      throw stream.error("expected a \(tag == .sequence ? "sequence" : "mapping") node, but found scalar", at: mark)
    default: break
    }
    guard let value = ScalarResolver.value(of: scalar.text, as: tag) else {
      throw stream.error("'\(scalar.text.prefix(60))' \(complaint(about: tag))", at: mark)
    }
    return node(of: value, at: mark)
  }

  private func node(of scalar: YAMLValue, at mark: YAMLMark) -> Node {
    Node(value: scalar, object: graph?.heap.scalar(scalar) ?? .none, mark: mark)
  }

  /// The tag of a scalar; nil for an ordinary string.
  private func tag(of scalar: YAMLScalar, at mark: YAMLMark) throws(YAMLError) -> YAMLTag? {
    // libyaml leaves the tag "!" on an empty scalar only.
    if scalar.isImplicit || scalar.tag == "!" { return ScalarResolver.tag(of: scalar.text) }
    guard let name = scalar.tag else { return nil }
    guard let tag = YAMLTag(rawValue: name) else { throw unknownTag(name, at: mark) }
    return tag
  }

  private func complaint(about tag: YAMLTag) -> String {
    switch tag {
    case .bool: "is not a boolean"
    case .integer: "is not an integer, or has more than \(IntegerText.longest) digits"
    case .float: "is not a float"
    case .timestamp: "is not a date or time that exists"
    default: "is not base64"
    }
  }

  private func unknownTag(_ name: String, at mark: YAMLMark) -> YAMLError {
    let name = name.replacingPrefix("tag:yaml.org,2002:", with: "!!")
    return ["!!omap", "!!pairs", "!!set"].contains(name)
      ? stream.error("the tag '\(name)' is not supported", at: mark)
      : stream.error("could not determine a constructor for the tag '\(name)'", at: mark)
  }

  /// What a node is worth where it is not a key: `<<` and `=` mean nothing there.
  private func value(of node: Node) throws(YAMLError) -> YAMLValue {
    switch node.form {
    case .ordinary: return node.value
    case .mergeKey, .valueKey:
      let tag: YAMLTag = node.form == .mergeKey ? .merge : .value
      throw unknownTag(tag.rawValue, at: node.mark)
    }
  }

  // MARK: Collections

  private mutating func collection(
    _ kind: YAMLTag, _ anchor: String?, _ tag: String?, at mark: YAMLMark, depth: Int
  ) throws(YAMLError) -> Node {
    if let tag, tag != "!", tag != kind.rawValue {
      guard YAMLTag(rawValue: tag) != nil else { throw unknownTag(tag, at: mark) }
      let short = tag.replacingPrefix("tag:yaml.org,2002:", with: "!!")
      throw stream.error("the tag '\(short)' does not fit a \(kind == .sequence ? "sequence" : "mapping")", at: mark)
    }
    try count(1, at: mark)
    try check(depth: depth + 1, at: mark)
    if let anchor { try open(anchor, at: mark) }
    let before = nodeCount
    var node =
      kind == .sequence ? try sequence(at: mark, depth: depth + 1) : try mapping(at: mark, depth: depth + 1)
    node.size = nodeCount - before + 1
    if let anchor { anchors[anchor] = .done(node) }
    return node
  }

  private mutating func sequence(at mark: YAMLMark, depth: Int) throws(YAMLError) -> Node {
    var items: [YAMLValue] = []
    var objects: [Object] = []
    var deepest = 0
    while true {
      let event = try stream.next()
      if case .sequenceEnd = event.kind { break }
      let item = try node(at: event, depth: depth)
      let value = try value(of: item)
      // For a heap the values of collections would be made for nothing.
      if graph == nil { items.append(value) } else { objects.append(item.object) }
      deepest = max(deepest, item.depth)
    }
    return Node(value: .sequence(items), object: graph?.list(objects) ?? .none, mark: mark, depth: deepest + 1)
  }

  private mutating func mapping(at mark: YAMLMark, depth: Int) throws(YAMLError) -> Node {
    // What `<<` brings comes first and yields to the mapping's own keys, wherever it stands.
    var merged = YAMLMapping()
    var own = YAMLMapping()
    let object = graph?.make(.dict, 4) ?? .none
    var objects: [(Object, Object)] = []
    var deepest = 0
    while true {
      let event = try stream.next()
      if case .mappingEnd = event.kind { break }
      let key = try node(at: event, depth: depth)
      let item = try node(at: try stream.next(), depth: depth)
      deepest = max(deepest, item.depth)
      switch (key.form, key.value) {
      case (.mergeKey, _): try merge(item, into: &merged, object)
      case (_, .sequence), (_, .mapping):
        throw stream.error("found unhashable key: a \(key.value.kind) cannot be a key", at: key.mark)
      default:
        let value = try value(of: item)
        if graph == nil { own[key.value] = value } else { objects.append((key.object, item.object)) }
      }
    }
    if let graph { for (key, value) in objects { graph.heap.set(value, in: object, for: key) } }
    if !merged.isEmpty {
      for pair in own { merged[pair.key] = pair.value }
      own = merged
    }
    return Node(value: .mapping(own), object: object, mark: mark, depth: deepest + 1)
  }

  private func merge(_ node: Node, into merged: inout YAMLMapping, _ object: Object) throws(YAMLError) {
    if let heap = graph?.heap { return try merge(node, into: object, heap) }
    switch node.value {
    case .mapping(let mapping):
      for pair in mapping { merged[pair.key] = pair.value }
    case .sequence(let items):
      // Backwards, for the first of the list is to win.
      for item in items.reversed() {
        guard case .mapping(let mapping) = item else { throw unmergeable(item.kind, inList: true, node) }
        for pair in mapping { merged[pair.key] = pair.value }
      }
    default: throw unmergeable(node.value.kind, inList: false, node)
    }
  }

  private func merge(_ node: Node, into object: Object, _ heap: ObjectHeap) throws(YAMLError) {
    switch node.object.tag {
    case .dict: heap.update(object, by: node.object)
    case .list:
      for place in (0..<heap.count(node.object)).reversed() {
        let item = heap.item(node.object, at: place)
        guard item.tag == .dict else { throw unmergeable(item.kind, inList: true, node) }
        heap.update(object, by: item)
      }
    default: throw unmergeable(node.object.kind, inList: false, node)
    }
  }

  private func unmergeable(_ kind: String, inList: Bool, _ node: Node) -> YAMLError {
    let expected = inList ? "a mapping" : "a mapping or list of mappings"
    return stream.error("expected \(expected) for merging, but found \(kind)", at: node.mark)
  }

  // MARK: Limits

  private mutating func count(_ nodes: Int, at mark: YAMLMark) throws(YAMLError) {
    nodeCount += nodes
    guard nodeCount <= limits.nodeLimit else {
      throw stream.error("more than \(limits.nodeLimit) nodes, counting what aliases stand for", at: mark)
    }
  }

  private func check(depth: Int, at mark: YAMLMark) throws(YAMLError) {
    guard depth <= limits.depthLimit else {
      throw stream.error("nested deeper than \(limits.depthLimit) levels", at: mark)
    }
  }
}

extension String {
  func replacingPrefix(_ prefix: String, with replacement: String) -> String {
    hasPrefix(prefix) ? replacement + dropFirst(prefix.count) : self
  }
}
