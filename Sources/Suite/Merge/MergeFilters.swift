import Glibc

/// teuthology's filters, which run at the start of every script: by a job's description, its fragments' paths, and the
/// distribution it has.
///
/// They are Lua there, in scripts' own environment; here they are Swift with the same outcome, as no script can change
/// what they call. Only a pattern asks Lua.
final class MergeFilters {
  private var filters: PlanFilters
  private var bytes: (all: [[UInt8]], any: [[UInt8]], none: [[UInt8]])
  /// The texts as scripts have them in `filter_all`, `filter_in` and `filter_out`, which they can change.
  private var known: [[Object]] = []
  private var seenChanges = -1
  /// For each fragment and filter, whether the path matches: 0 unknown, 1 no, 2 yes.
  private var found: [UInt64: Bool] = [:]

  init(_ filters: PlanFilters) {
    self.filters = filters
    bytes = Self.bytes(filters)
  }

  private static func bytes(_ filters: PlanFilters) -> (all: [[UInt8]], any: [[UInt8]], none: [[UInt8]]) {
    (filters.all.map { Array($0.utf8) }, filters.any.map { Array($0.utf8) }, filters.none.map { Array($0.utf8) })
  }

  /// Takes over what scripts have done to the lists.
  private func follow(_ context: ScriptContext) throws(ScriptFailure) {
    let heap = context.heap
    guard seenChanges != heap.rootChanges else { return }
    seenChanges = heap.rootChanges
    let lists = [context.filterAll, context.filterIn, context.filterOut]
    let isKnown =
      known.count == lists.count
      && zip(lists, known).allSatisfy { list, items in
        heap.count(list) == items.count
          && items.indices.allSatisfy { heap.isEqual(heap.item(list, at: $0), items[$0]) }
      }
    if isKnown { return }
    known = lists.map { list in (0..<heap.count(list)).map { heap.item(list, at: $0) } }
    var texts: [[String]] = []
    for items in known {
      texts.append([])
      for item in items {
        guard let text = try luaText(item, context) else { continue }
        texts[texts.count - 1].append(text)
      }
    }
    (filters.all, filters.any, filters.none) = (texts[0], texts[1], texts[2])
    bytes = Self.bytes(filters)
    found = [:]
  }

  /// What `string.find` takes an object for.
  private func luaText(_ object: Object, _ context: ScriptContext) throws(ScriptFailure) -> String? {
    switch object.tag {
    case .text: return context.heap.string(of: object)
    case .integer: return String(object.integerValue ?? 0)
    case .float: return LuaNumber.text(object.floatValue ?? 0)
    default:
      throw ScriptFailure(
        stage: context.stage,
        message:
          "bad argument #1 to 'find' (string expected, got \(object.typeName)): a script changed a list of filters")
    }
  }

  /// Why the filters reject; nil when they do not.
  /// - Throws: `ScriptFailure` for what Lua or Python would raise.
  func rejection(
    _ context: ScriptContext, scripts: any FragmentScripts
  ) throws(ScriptFailure) -> String? {
    context.comparedVersions = nil
    try follow(context)
    for (place, filter) in bytes.all.enumerated()
    where try !matches(filter, filters.all[place], 0x1_0000 + place, context, scripts) {
      return "it does not match --filter-all \(filters.all[place])"
    }
    if !context.osType.isNone, let reason = try wrongType(context) { return reason }
    if !context.osVersion.isNone, let reason = try wrongVersion(context) { return reason }
    if !bytes.any.isEmpty {
      var isWanted = false
      for (place, filter) in bytes.any.enumerated()
      where try matches(filter, filters.any[place], 0x2_0000 + place, context, scripts) {
        isWanted = true
        break
      }
      if !isWanted { return "it does not match --filter \(filters.any.joined(separator: ","))" }
    }
    for (place, filter) in bytes.none.enumerated()
    where try matches(filter, filters.none[place], 0x3_0000 + place, context, scripts) {
      return "it matches --filter-out \(filters.none[place])"
    }
    return nil
  }

  private func matches(
    _ filter: [UInt8], _ text: String, _ number: Int, _ context: ScriptContext, _ scripts: any FragmentScripts
  ) throws(ScriptFailure) -> Bool {
    if Self.contains(context.heap.bytes(of: context.description), filter) { return true }
    guard filters.looksAtFragments else { return false }
    for path in context.basePaths {
      let key = UInt64(path.id) << 32 | UInt64(number)
      if let known = found[key] {
        if known { return true }
        continue
      }
      let isFound = try scripts.find(text, in: context.heap.string(of: path) ?? "")
      found[key] = isFound
      if isFound { return true }
    }
    return false
  }

  private static func contains(_ text: UnsafeBufferPointer<UInt8>, _ part: [UInt8]) -> Bool {
    guard let first = part.first, let start = text.baseAddress else { return part.isEmpty }
    var from = 0
    while text.count - from >= part.count {
      guard let hit = memchr(start + from, Int32(first), text.count - from - part.count + 1) else { return false }
      let place = UnsafeRawPointer(hit) - UnsafeRawPointer(start)
      if memcmp(hit, part, part.count) == 0 { return true }
      from = place + 1
    }
    return false
  }

  // MARK: The distribution

  private func wrongType(_ context: ScriptContext) throws(ScriptFailure) -> String? {
    let heap = context.heap
    let this = try field("os_type", context)
    guard isTrueInLua(this), !isSame(context.osType, this, heap) else { return nil }
    return "its os_type is \(heap.pythonText(this, longest: 80)), not \(heap.pythonText(context.osType, longest: 80))"
  }

  private func wrongVersion(_ context: ScriptContext) throws(ScriptFailure) -> String? {
    let heap = context.heap
    let value = try field("os_version", context)
    guard isTrueInLua(value) else { return nil }
    let wanted = try withoutStream(context.osVersion, context)
    let this = try withoutStream(value, context)
    context.comparedVersions = (wanted, this)
    guard !wanted.utf8.elementsEqual(this.utf8) else { return nil }
    return
      "its os_version is \(heap.pythonText(value, longest: 80)), not \(heap.pythonText(context.osVersion, longest: 80))"
  }

  private func field(_ name: String, _ context: ScriptContext) throws(ScriptFailure) -> Object {
    if let value = context.heap.value(context.yaml, for: name) { return value }
    throw ScriptFailure(stage: context.stage, message: "KeyError: '\(name)': a script has taken it out of the job")
  }

  private func isTrueInLua(_ object: Object) -> Bool {
    !object.isNone && !(object.tag == .bool && object.integerValue == 0)
  }

  /// Lua's `==` of the two.
  private func isSame(_ a: Object, _ b: Object, _ heap: ObjectHeap) -> Bool {
    switch (a.tag, b.tag) {
    case (.integer, .float), (.float, .integer), (.float, .float), (.integer, .integer): heap.isEqual(a, b)
    case (_, _) where a.isContainer: b.isContainer && heap.identity(a) == heap.identity(b)
    default: a.tag == b.tag && a.bits == b.bits
    }
  }

  /// `string.gsub(value, ".stream", "")`.
  private func withoutStream(_ object: Object, _ context: ScriptContext) throws(ScriptFailure) -> String {
    let text: String
    switch object.tag {
    case .text: text = context.heap.string(of: object) ?? ""
    case .integer: text = String(object.integerValue ?? 0)
    case .float: text = LuaNumber.text(object.floatValue ?? 0)
    default:
      throw ScriptFailure(
        stage: context.stage,
        message: "bad argument #1 to 'gsub' (string expected, got \(object.typeName)): os_version must be a text")
    }
    let mark = Array("stream".utf8)
    var rest = Array(text.utf8)[...]
    var kept: [UInt8] = []
    while let byte = rest.first {
      if rest.dropFirst().starts(with: mark) {
        rest = rest.dropFirst(mark.count + 1)
      } else {
        kept.append(byte)
        rest = rest.dropFirst()
      }
    }
    return String(decoding: kept, as: UTF8.self)
  }
}

/// Numbers as Lua makes text of them.
enum LuaNumber {
  /// `%.14g`, with ".0" when it looks like an integer.
  static func text(_ number: Double) -> String {
    var buffer = [CChar](repeating: 0, count: 64)
    _ = withVaList([number]) { vsnprintf(&buffer, buffer.count, "%.14g", $0) }
    let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || $0.isDigit } ? text + ".0" : text
  }
}
