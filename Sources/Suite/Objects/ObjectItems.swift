// Lists and dicts: reading and changing their items.
//
// What changes takes an object that `own` gave, or that was made in this job; a pointer to a node or its items is good
// until the next node is made or grows.
extension ObjectHeap {
  /// An item of a list or tuple.
  public func item(_ object: Object, at place: Int) -> Object { node(object).pointee.items[place] }

  /// A key of a dict, by its place in the order of insertion.
  public func key(_ object: Object, at place: Int) -> Object { node(object).pointee.items[place * 2] }

  /// A value of a dict, by its place in the order of insertion.
  public func value(_ object: Object, at place: Int) -> Object { node(object).pointee.items[place * 2 + 1] }

  /// What a dict has under a key.
  public func value(_ object: Object, for key: Object) -> Object? {
    let node = node(object)
    return place(of: key, in: node).map { node.pointee.items[$0 * 2 + 1] }
  }

  /// What a dict has under a text.
  public func value(_ object: Object, for key: String) -> Object? { value(object, for: text(key)) }

  // MARK: Making

  /// An empty list.
  public func makeList(capacity: Int = 0) -> Object { makeNode(.list, capacity: capacity) }
  /// An empty dict.
  public func makeDict(capacity: Int = 0) -> Object { makeNode(.dict, capacity: capacity) }
  /// A list of items.
  public func makeList(_ items: [Object]) -> Object { filled(makeNode(.list, capacity: items.count), items) }
  /// A tuple of items.
  public func makeTuple(_ items: [Object]) -> Object { filled(makeNode(.tuple, capacity: items.count), items) }

  private func filled(_ object: Object, _ items: [Object]) -> Object {
    for item in items { append(item, to: object) }
    return object
  }

  /// A list or tuple of another one's items; the items are shared.
  public func copy(_ object: Object, as tag: Object.Tag) -> Object {
    let count = count(object)
    let copy = makeNode(tag, capacity: count)
    extend(copy, by: object)
    return copy
  }

  // MARK: Lists

  /// Adds an item at the end.
  public func append(_ item: Object, to list: Object) {
    willChange(list)
    reserve(list, 1)
    let node = node(list)
    node.pointee.items[Int(node.pointee.count)] = item
    node.pointee.count += 1
  }

  /// Adds all items of a list or tuple at the end, which may be the list itself.
  public func extend(_ list: Object, by other: Object) {
    let more = count(other)
    guard more > 0 else { return }
    willChange(list)
    reserve(list, more)
    let node = node(list)
    let end = node.pointee.items + Int(node.pointee.count)
    end.update(from: self.node(other).pointee.items, count: more)
    node.pointee.count += UInt32(more)
    work += more
  }

  /// Puts an item at a place.
  public func insert(_ item: Object, into list: Object, at place: Int) {
    willChange(list)
    reserve(list, 1)
    let node = node(list)
    let after = Int(node.pointee.count) - place
    let items = node.pointee.items + place
    (items + 1).update(from: items, count: after)
    items.pointee = item
    node.pointee.count += 1
    work += after
  }

  /// Replaces an item.
  public func set(_ item: Object, in list: Object, at place: Int) {
    willChange(list)
    node(list).pointee.items[place] = item
  }

  /// Takes an item out.
  @discardableResult
  public func remove(from list: Object, at place: Int) -> Object {
    willChange(list)
    let node = node(list)
    let items = node.pointee.items + place
    let item = items.pointee
    let after = Int(node.pointee.count) - place - 1
    items.update(from: items + 1, count: after)
    node.pointee.count -= 1
    work += after
    return item
  }

  /// Takes all items out of a list or dict.
  public func removeAll(from object: Object) {
    willChange(object)
    node(object).pointee.count = 0
    node(object).pointee.index = nil
  }

  /// Turns a list round.
  public func reverse(_ list: Object) {
    willChange(list)
    let node = node(list)
    var items = UnsafeMutableBufferPointer(start: node.pointee.items, count: Int(node.pointee.count))
    items.reverse()
    work += Int(node.pointee.count)
  }

  // MARK: Dicts

  /// Sets what a dict has under a key; a key that is there keeps its place and its first form.
  public func set(_ value: Object, in dict: Object, for key: Object) {
    willChange(dict)
    if let place = place(of: key, in: node(dict)) {
      node(dict).pointee.items[place * 2 + 1] = value
    } else {
      add(key, value, to: dict)
    }
  }

  /// Sets all pairs of another dict, the values shared.
  public func update(_ dict: Object, by other: Object) {
    let count = count(other)
    work += count
    for place in 0..<count where work <= workLimit {
      set(value(other, at: place), in: dict, for: key(other, at: place))
    }
  }

  /// Replaces the value of a pair.
  func setValue(_ value: Object, in dict: Object, at place: Int) {
    willChange(dict)
    node(dict).pointee.items[place * 2 + 1] = value
  }

  /// Adds a key that the dict does not have.
  func add(_ key: Object, _ value: Object, to dict: Object) {
    willChange(dict)
    reserve(dict, 1)
    let node = node(dict)
    let place = Int(node.pointee.count)
    node.pointee.items[place * 2] = key
    node.pointee.items[place * 2 + 1] = value
    node.pointee.count += 1
    if node.pointee.index != nil, place * 2 < Int(node.pointee.mask) {
      enter(key, place, node)
    } else if place >= Self.indexedFrom {
      reindex(dict)
    }
  }

  /// Takes a key out.
  /// - Returns: its value; nil when the dict does not have it.
  public func removeValue(from dict: Object, for key: Object) -> Object? {
    guard let place = place(of: key, in: node(dict)) else { return nil }
    return removePair(from: dict, at: place).value
  }

  /// Takes a pair out.
  @discardableResult
  func removePair(from dict: Object, at place: Int) -> (key: Object, value: Object) {
    willChange(dict)
    let node = node(dict)
    let items = node.pointee.items + place * 2
    let pair = (items[0], items[1])
    let after = Int(node.pointee.count) - place - 1
    items.update(from: items + 2, count: after * 2)
    node.pointee.count -= 1
    work += after * 2
    if node.pointee.index != nil {
      if after == 0 {
        // The last one in leaves no gap.
        leave(pair.0, place, node)
      } else {
        reindex(dict)
      }
    }
    return pair
  }

  private func reserve(_ object: Object, _ more: Int) {
    let node = node(object)
    let needed = Int(node.pointee.count) + more
    if needed > Int(node.pointee.capacity) { grow(object, to: max(4, needed, Int(node.pointee.capacity) * 2)) }
  }

  // MARK: Finding keys

  /// Below so many pairs, looking through all of them is faster.
  static let indexedFrom = 16

  /// Where a key stands in a dict.
  func place(of key: Object, in node: UnsafeMutablePointer<ObjectNode>) -> Int? {
    let items = node.pointee.items
    guard let index = node.pointee.index else {
      let count = Int(node.pointee.count)
      if key.tag == .text {
        for place in 0..<count where items[place * 2].bits == key.bits && items[place * 2].tag == .text { return place }
        return nil
      }
      for place in 0..<count where isSameKey(items[place * 2], key) { return place }
      return nil
    }
    var slot = keyHash(key) & node.pointee.mask
    while index[Int(slot)] != 0 {
      let place = Int(index[Int(slot)]) - 1
      if isSameKey(items[place * 2], key) { return place }
      slot = (slot + 1) & node.pointee.mask
    }
    return nil
  }

  /// Makes the index of a large dict anew, and drops that of a small one.
  func reindex(_ dict: Object) {
    let node = node(dict)
    let count = Int(node.pointee.count)
    work += count
    guard count > Self.indexedFrom else {
      node.pointee.index = nil
      return
    }
    if node.pointee.index == nil || count * 2 > Int(node.pointee.mask) {
      var size = 64
      while size < count * 4 { size *= 2 }
      node.pointee.index = allocateIndex(size, for: dict)
      node.pointee.mask = UInt32(size - 1)
    }
    node.pointee.index?.update(repeating: 0, count: Int(node.pointee.mask) + 1)
    for place in 0..<count { enter(node.pointee.items[place * 2], place, node) }
  }

  private func enter(_ key: Object, _ place: Int, _ node: UnsafeMutablePointer<ObjectNode>) {
    guard let index = node.pointee.index else { return }
    var slot = keyHash(key) & node.pointee.mask
    while index[Int(slot)] != 0 { slot = (slot + 1) & node.pointee.mask }
    index[Int(slot)] = UInt32(place) + 1
  }

  private func leave(_ key: Object, _ place: Int, _ node: UnsafeMutablePointer<ObjectNode>) {
    guard let index = node.pointee.index else { return }
    var slot = keyHash(key) & node.pointee.mask
    while index[Int(slot)] != UInt32(place) + 1 { slot = (slot + 1) & node.pointee.mask }
    index[Int(slot)] = 0
    // Only what was entered after it can have been pushed past it, and that is gone, unless the index was made anew.
    var next = (slot + 1) & node.pointee.mask
    while index[Int(next)] != 0 {
      let moved = Int(index[Int(next)]) - 1
      index[Int(next)] = 0
      enter(node.pointee.items[moved * 2], moved, node)
      next = (next + 1) & node.pointee.mask
    }
  }
}
