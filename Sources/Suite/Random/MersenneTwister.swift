/// The generator behind Python's `random` module: MT19937, seeded and read as CPython does it.
///
/// The algorithm is Matsumoto and Nishimura's of 2002 ("mt19937ar"); what CPython adds is how an integer of any size
/// becomes a seed, and how numbers below a bound are drawn.
public struct MersenneTwister: Sendable {
  private static let length = 624
  private static let middle = 397

  private var state: [UInt32]
  /// How many numbers of the state are used up.
  private var position = MersenneTwister.length

  /// As `random.seed(seed)` leaves it. Python takes the seed without its sign.
  public init(seed: PythonSeed) {
    let key = seed.magnitude
    state = [UInt32](repeating: 0, count: Self.length)
    state[0] = 19_650_218
    for index in 1..<Self.length { state[index] = Self.step(state[index - 1], 1_812_433_253) &+ UInt32(index) }

    var (index, word) = (1, 0)
    for _ in 0..<max(Self.length, key.count) {
      state[index] = (state[index] ^ Self.step(state[index - 1], 1_664_525)) &+ key[word] &+ UInt32(word)
      index = next(index)
      word = word + 1 == key.count ? 0 : word + 1
    }
    for _ in 1..<Self.length {
      state[index] = (state[index] ^ Self.step(state[index - 1], 1_566_083_941)) &- UInt32(index)
      index = next(index)
    }
    state[0] = 0x8000_0000
  }

  private static func step(_ previous: UInt32, _ factor: UInt32) -> UInt32 { (previous ^ (previous >> 30)) &* factor }

  /// The next place to seed; past the end the last word goes before the first.
  private mutating func next(_ index: Int) -> Int {
    guard index + 1 == Self.length else { return index + 1 }
    state[0] = state[Self.length - 1]
    return 1
  }

  /// The next 32 bits.
  public mutating func next() -> UInt32 {
    if position == Self.length { refill() }
    var word = state[position]
    position += 1
    word ^= word >> 11
    word ^= (word << 7) & 0x9d2c_5680
    word ^= (word << 15) & 0xefc6_0000
    return word ^ (word >> 18)
  }

  private mutating func refill() {
    for index in 0..<Self.length {
      let following = state[(index + 1) % Self.length]
      let word = (state[index] & 0x8000_0000) | (following & 0x7fff_ffff)
      state[index] = state[(index + Self.middle) % Self.length] ^ (word >> 1) ^ (word & 1 == 0 ? 0 : 0x9908_b0df)
    }
    position = 0
  }

  /// Python's `getrandbits(count)`: 32 bits at a time, the lowest first, of the last ones the upper bits.
  /// - Parameter count: 1 to 64.
  public mutating func bits(_ count: Int) -> UInt64 {
    precondition((1...64).contains(count))
    let low = next()
    guard count > 32 else { return UInt64(low >> UInt32(32 - count)) }
    return UInt64(low) | UInt64(next() >> UInt32(64 - count)) << 32
  }

  /// Python's `randint(0, bound - 1)`. It draws for a bound of 1, too.
  /// - Parameter bound: at least 1.
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0)
    let width = Int.bitWidth - bound.leadingZeroBitCount
    while true {
      let drawn = bits(width)
      if drawn < UInt64(bound) { return Int(drawn) }
    }
  }
}
