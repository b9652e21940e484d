import Glibc

/// All texts of a heap, each once: equal texts have equal numbers.
///
/// What was added after a mark can be taken out again, which a merge does after each job.
final class TextTable {
  struct Entry {
    var bytes: UnsafePointer<UInt8>
    var count: Int
    var hash: UInt32
    /// The text as JSON, quotes included; made when it is first written.
    var json: UnsafePointer<UInt8>?
    var jsonCount: Int
  }

  private(set) var entries: UnsafeMutablePointer<Entry>
  private(set) var count = 0
  private var capacity = 256
  /// Entry + 1 by hash, in open addressing.
  private var slots: UnsafeMutablePointer<UInt32>
  private var mask = 1023
  private let storage = Bump()
  /// For the JSON of texts that stay when others are taken back.
  private let permanent = Bump()
  private var kept = 0
  /// Differs from run to run, so that nobody can choose texts that all collide.
  private let seed = UInt64.random(in: 0...UInt64.max) | 1

  init() {
    entries = .allocate(capacity: capacity)
    slots = .allocate(capacity: mask + 1)
    slots.initialize(repeating: 0, count: mask + 1)
    _ = intern("")
  }

  deinit {
    entries.deallocate()
    slots.deallocate()
  }

  subscript(id: UInt32) -> UnsafeBufferPointer<UInt8> {
    let entry = entries + Int(id)
    return UnsafeBufferPointer(start: entry.pointee.bytes, count: entry.pointee.count)
  }

  func string(_ id: UInt32) -> String { String(decoding: self[id], as: UTF8.self) }

  func intern(_ text: String) -> UInt32 {
    var text = text
    return text.withUTF8 { intern($0) }
  }

  func intern(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
    let hash = hash(bytes)
    var place = Int(hash) & mask
    while slots[place] != 0 {
      let id = slots[place] - 1
      if entries[Int(id)].hash == hash, matches(id, bytes) { return id }
      place = (place + 1) & mask
    }
    if count == capacity { grow() }
    let copy = storage.allocate(bytes: max(bytes.count, 1)).assumingMemoryBound(to: UInt8.self)
    if let start = bytes.baseAddress { copy.update(from: start, count: bytes.count) }
    let id = UInt32(count)
    (entries + count).initialize(to: Entry(bytes: copy, count: bytes.count, hash: hash, json: nil, jsonCount: 0))
    slots[place] = id + 1
    count += 1
    if count * 2 > mask { rehash() }
    return id
  }

  /// The number of a text that is there; nil for any other.
  func find(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32? {
    let hash = hash(bytes)
    var place = Int(hash) & mask
    while slots[place] != 0 {
      let id = slots[place] - 1
      if entries[Int(id)].hash == hash, matches(id, bytes) { return id }
      place = (place + 1) & mask
    }
    return nil
  }

  /// Bytes that the texts take.
  var used: Int { storage.used + count * MemoryLayout<Entry>.stride }

  // MARK: Taking back

  struct Mark {
    var count = 0
    var storage = Bump.Mark()
  }

  /// What is there now stays when all after it is taken back.
  func setMark() -> Mark {
    kept = count
    return Mark(count: count, storage: storage.mark)
  }

  /// Whether a text stays when others are taken back.
  func isKept(_ id: UInt32) -> Bool { Int(id) < kept }

  func reset(to mark: Mark) {
    guard count > mark.count else { return }
    // The last one in is the last of every chain it stands in, so it leaves no gap.
    while count > mark.count {
      count -= 1
      var place = Int(entries[count].hash) & self.mask
      while slots[place] != UInt32(count) + 1 { place = (place + 1) & self.mask }
      slots[place] = 0
    }
    storage.reset(to: mark.storage)
  }

  // MARK: JSON

  func appendJSON(_ id: UInt32, to output: inout ByteBuffer) {
    if entries[Int(id)].json == nil { makeJSON(id) }
    let entry = entries[Int(id)]
    output.append(entry.json, entry.jsonCount)
  }

  private func makeJSON(_ id: UInt32) {
    var text = ByteBuffer()
    text.appendQuoted(self[id])
    let copy = (Int(id) < kept ? permanent : storage).allocate(bytes: text.count).assumingMemoryBound(to: UInt8.self)
    text.withBytes { bytes in if let start = bytes.baseAddress { copy.update(from: start, count: bytes.count) } }
    entries[Int(id)].json = UnsafePointer(copy)
    entries[Int(id)].jsonCount = text.count
  }

  // MARK: Inside

  private func matches(_ id: UInt32, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let entry = entries + Int(id)
    guard entry.pointee.count == bytes.count else { return false }
    guard let start = bytes.baseAddress else { return true }
    return memcmp(entry.pointee.bytes, start, bytes.count) == 0
  }

  private func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var state = seed ^ UInt64(truncatingIfNeeded: bytes.count)
    guard let start = bytes.baseAddress else { return mixed(state, 0) }
    let raw = UnsafeRawPointer(start)
    var offset = 0
    while offset + 8 <= bytes.count {
      state = fold(state ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < bytes.count {
      rest = rest << 8 | UInt64(bytes[offset])
      offset += 1
    }
    return mixed(state, rest)
  }

  private func fold(_ value: UInt64) -> UInt64 {
    let product = (value ^ seed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return product.high ^ product.low
  }

  private func mixed(_ state: UInt64, _ rest: UInt64) -> UInt32 {
    let value = fold(fold(state ^ rest) ^ 0xD6E8_FEB8_6659_FD93)
    return UInt32(truncatingIfNeeded: value ^ (value >> 32))
  }

  private func grow() {
    let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: entries, count: count)
    entries.deallocate()
    entries = larger
    capacity *= 2
  }

  private func rehash() {
    slots.deallocate()
    mask = mask * 2 + 1
    slots = .allocate(capacity: mask + 1)
    slots.initialize(repeating: 0, count: mask + 1)
    for id in 0..<count {
      var place = Int(entries[id].hash) & mask
      while slots[place] != 0 { place = (place + 1) & mask }
      slots[place] = UInt32(id) + 1
    }
  }
}
