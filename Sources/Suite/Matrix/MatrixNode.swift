/// A part of a matrix: a file or folder of the suite, or what stands around a folder to repeat it or to take a part of it.
///
/// All nodes of a matrix stand in one array, and are plain numbers: names, links and children are ranges and indexes
/// into other arrays. So walking through millions of jobs counts no references.
struct MatrixNode: Sendable {
  enum Kind: UInt8, Sendable {
    /// A fragment.
    case file
    /// A folder without a mark: one of its children at a time, the children interleaved.
    case sum
    /// A folder with `%`: one of each child.
    case product
    /// A folder with `+`: all of all children at once.
    case concat
    /// A folder with `$`: one child by chance.
    case random
    /// A part, repeated.
    case cycle
    /// A slice of a part.
    case subset
  }

  let kind: Kind
  /// The bytes of its name in the matrix's `names`; empty for the root, and for `cycle` and `subset`.
  let name: Range<Int32>
  /// How many indexes it has.
  var size: Int
  /// How many indexes in a row make a good sample (teuthology's minscanlen).
  var sample: Int
  /// Its children in the matrix's `links`.
  var children: Range<Int32> = 0..<0
  /// A file's number; a sum's number; the first index of a subset in the part it slices.
  var value = 0

  /// Into how many good samples its indexes can be cut (teuthology's cyclicity).
  var cyclicity: Int { size / sample }
}

/// A child of a node.
struct MatrixLink: Sendable {
  let node: Int32
  /// For a product: the greatest common divisor of this child's size and the product of the sizes of those after it.
  var shared = 1
  /// For a product: after how many indexes the pairs of this child and those after it repeat.
  var period = 1
}
