import Suite
import Testing

/// Every number here was printed by CPython's `random`.
@Suite("Python's random generator") struct MersenneTwisterTests {
  struct Vector: Sendable {
    let seed: String
    let words: [UInt32]
    /// `randint(0, n - 1)` for n of 1, 2, 3, 5, 7, 100000 and 2**33.
    let drawn: [Int]
    let bits40: UInt64
    /// The next but 1,000 words.
    let late: UInt32
  }

  static let vectors = [
    Vector(
      seed: "0", words: [3_626_764_237, 1_654_615_998, 3_255_389_356], drawn: [0, 0, 1, 4, 3, 53075, 7_859_158_368],
      bits40: 528_142_679_431, late: 2_830_462_853),
    Vector(
      seed: "1", words: [577_090_037, 2_444_712_010, 3_639_700_191], drawn: [0, 1, 0, 3, 6, 58915, 901_749_037],
      bits40: 32_160_099_458, late: 2_454_208_916),
    Vector(
      seed: "-1", words: [577_090_037, 2_444_712_010, 3_639_700_191], drawn: [0, 1, 0, 3, 6, 58915, 901_749_037],
      bits40: 32_160_099_458, late: 2_454_208_916),
    Vector(
      seed: "42", words: [2_746_317_213, 478_163_327, 107_420_369], drawn: [0, 0, 0, 1, 5, 13434, 1_812_140_441],
      bits40: 98_912_225_902, late: 909_074_012),
    Vector(
      seed: "4294967296", words: [485_306_839, 1_508_871_100, 1_794_561_286],
      drawn: [0, 0, 2, 2, 6, 71513, 8_567_278_949], bits40: 150_383_977_640, late: 1_674_007_871),
    Vector(
      seed: "1099511627783", words: [2_635_837_658, 3_209_733_218, 3_500_038_837],
      drawn: [0, 1, 2, 1, 4, 49187, 5_854_702_217], bits40: 495_823_821_640, late: 1_608_205_875),
    Vector(
      seed: "123456789012345678901234567890", words: [3_124_625_047, 947_073_620, 685_135_262],
      drawn: [0, 1, 2, 4, 5, 94402, 484_506_087], bits40: 289_336_202_645, late: 2_299_594_108),
  ]

  @Test(arguments: vectors) func drawsWhatPythonDraws(_ vector: Vector) throws {
    var random = MersenneTwister(seed: try #require(PythonSeed(vector.seed)))
    #expect((0..<3).map { _ in random.next() } == vector.words)
    #expect([1, 2, 3, 5, 7, 100_000, 1 << 33].map { random.below($0) } == vector.drawn)
    #expect(random.bits(40) == vector.bits40)
    for _ in 0..<1000 { _ = random.next() }
    #expect(random.next() == vector.late)
  }

  @Test func aBoundOfOneDrawsAllTheSame() {
    var (one, none) = (MersenneTwister(seed: 7), MersenneTwister(seed: 7))
    _ = one.below(1)
    #expect(one.next() != none.next())
  }

  @Test func seedsAreReadFromDecimalDigits() throws {
    #expect(PythonSeed("-12")?.int == -12)
    #expect(PythonSeed("+007")?.description == "7")
    #expect(PythonSeed("-0")?.description == "0")
    #expect(try #require(PythonSeed("4294967296")).magnitude == [0, 1])
    #expect(PythonSeed("4294967296") == PythonSeed(1 << 32))
    let large = try #require(PythonSeed("123456789012345678901234567890"))
    #expect(large.int == nil)
    #expect(large.description == "123456789012345678901234567890")
    for text in ["", "-", "1.5", "0x1", " 1", "1e3", "١"] { #expect(PythonSeed(text) == nil) }
  }
}
