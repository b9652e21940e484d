import Glibc

/// Something to do at a time.
final class Timer {
  fileprivate(set) var deadline: UInt64
  fileprivate var position = -1
  fileprivate var order: UInt64 = 0
  /// Also of one that is due already and waits for those before it.
  var isCancelled = false
  private let action: () -> Void

  /// - Parameter seconds: How long from now; at once, but after what is queued already, when it is not positive.
  init(seconds: Double, _ action: @escaping () -> Void) {
    let now = Timer.now()
    // 2^62 ns are 146 years: a sleep of math.huge never ends, and nothing overflows.
    deadline = seconds > 0 ? now + UInt64(min(seconds * 1e9, 4.6e18)) : now
    self.action = action
  }

  func fire() {
    if !isCancelled { action() }
  }

  static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

/// Timers by deadline: a binary heap whose entries know their place, so that one is removed in O(log n).
struct TimerHeap {
  var isEmpty: Bool { heap.isEmpty }

  private var heap: [Timer] = []
  private var nextOrder: UInt64 = 0

  mutating func insert(_ timer: Timer) {
    timer.order = nextOrder
    nextOrder += 1
    timer.position = heap.count
    heap.append(timer)
    rise(from: heap.count - 1)
  }

  mutating func remove(_ timer: Timer) {
    let position = timer.position
    guard position >= 0 else { return }
    timer.position = -1
    let last = heap.removeLast()
    guard last !== timer else { return }
    place(last, at: position)
    rise(from: position)
    sink(from: last.position)
  }

  /// Nanoseconds to the next deadline, or nil when there is none.
  func delay() -> UInt64? {
    guard let first = heap.first else { return nil }
    let now = Timer.now()
    return first.deadline > now ? first.deadline - now : 0
  }

  /// Takes out what is due, in order. What its actions add for now waits for the next turn.
  mutating func takeDue() -> [Timer] {
    guard !heap.isEmpty else { return [] }
    let now = Timer.now()
    var due: [Timer] = []
    while let first = heap.first, first.deadline <= now {
      remove(first)
      due.append(first)
    }
    return due
  }

  private func isBefore(_ a: Timer, _ b: Timer) -> Bool {
    a.deadline != b.deadline ? a.deadline < b.deadline : a.order < b.order
  }

  private mutating func place(_ timer: Timer, at position: Int) {
    heap[position] = timer
    timer.position = position
  }

  private mutating func rise(from start: Int) {
    var position = start
    let timer = heap[position]
    while position > 0, isBefore(timer, heap[(position - 1) / 2]) {
      place(heap[(position - 1) / 2], at: position)
      position = (position - 1) / 2
    }
    place(timer, at: position)
  }

  private mutating func sink(from start: Int) {
    var position = start
    let timer = heap[position]
    while true {
      var child = 2 * position + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, isBefore(heap[child + 1], heap[child]) { child += 1 }
      guard isBefore(heap[child], timer) else { break }
      place(heap[child], at: position)
      position = child
    }
    place(timer, at: position)
  }
}
