/// Remembers what was used last: at least half of its room, and never more than all of it.
///
/// It is two generations: what is used moves to the young one, and when that is full, it takes the place of the old one.
struct Recent<Key: Hashable, Value> {
  private var young: [Key: Value] = [:]
  private var old: [Key: Value] = [:]
  private let generation: Int

  /// - Parameter room: how many values are kept at most.
  init(room: Int) { generation = max(1, room / 2) }

  var count: Int { young.count + old.count }

  subscript(key: Key) -> Value? {
    mutating get {
      if let value = young[key] { return value }
      guard let value = old.removeValue(forKey: key) else { return nil }
      self[key] = value
      return value
    }
    set {
      if young.count >= generation {
        old = young
        young = [:]
      }
      young[key] = newValue
    }
  }
}
