/// Memory that is given out piece by piece, and taken back all at once.
final class Bump {
  private struct Block {
    var start: UnsafeMutableRawPointer
    var size: Int
  }

  private var blocks: [Block] = []
  private var current = -1
  private var next: UnsafeMutableRawPointer
  private var room = 0
  /// Bytes of the blocks before the present one, and of it.
  private var begun = 0

  init() { next = UnsafeMutableRawPointer(bitPattern: 16) ?? .allocate(byteCount: 16, alignment: 16) }

  deinit { for block in blocks { block.start.deallocate() } }

  /// Memory aligned for anything, uninitialized, until it is taken back.
  func allocate(bytes: Int) -> UnsafeMutableRawPointer {
    let size = (bytes + 15) & ~15
    if size > room { turn(size) }
    let piece = next
    next += size
    room -= size
    return piece
  }

  struct Mark {
    fileprivate var block = -1
    fileprivate var room = 0
    fileprivate var begun = 0
  }

  var mark: Mark { Mark(block: current, room: room, begun: begun) }

  /// Takes back all that was given out since the mark.
  func reset(to mark: Mark) {
    current = mark.block
    room = mark.room
    begun = mark.begun
    guard current >= 0 else { return }
    next = blocks[current].start + (blocks[current].size - room)
    // What a single large job needed is not kept for the next.
    while blocks.count > current + 9, let last = blocks.popLast() { last.start.deallocate() }
  }

  /// Bytes held, in use or not.
  var size: Int { blocks.reduce(0) { $0 + $1.size } }

  /// Bytes in use, with what is left over at the ends of blocks.
  var used: Int { begun - room }

  private func turn(_ size: Int) {
    current += 1
    if current < blocks.count, blocks[current].size < size {
      // A larger one in its place; those behind it are larger still, or are let go as well.
      for block in blocks[current...] { block.start.deallocate() }
      blocks.removeSubrange(current...)
    }
    if current == blocks.count {
      let bytes = max(size, min(1 << 20, 32_768 << min(current, 5)))
      blocks.append(Block(start: .allocate(byteCount: bytes, alignment: 16), size: bytes))
    }
    next = blocks[current].start
    room = blocks[current].size
    begun += room
  }
}
