/// Makes the nodes of a matrix from a suite's folder, as teuthology's `_build_matrix` does.
///
/// Children come in the order of their names, and numbered `%` draw their slice after their children, so one random
/// generator gives each of them what it has there.
struct MatrixBuilder {
  private(set) var nodes: [MatrixNode] = []
  private(set) var links: [MatrixLink] = []
  private(set) var names: [UInt8] = []
  /// The paths of the fragments. Their numbers are in the order in which teuthology sorts a job's fragments, by segments,
  /// since that is the order of this walk.
  private(set) var files: [String] = []
  private(set) var sumCount = 0
  /// The folders of nodes that can fail when they are asked for an index.
  private(set) var fragile: [Int32: String] = [:]
  /// Whether such a node can come to fail.
  private(set) var mayFail = false
  private(set) var random: MersenneTwister
  /// The errors so far of a builder that goes on after them; nil for one that does not.
  private(set) var errors: [MatrixError]?

  private let nestedSubsets: Bool
  private let rules: MatrixRules
  /// The folders that the walk is in.
  private var ancestors: [SuiteFolder.Identity: String] = [:]

  /// - Parameter goesOn: whether a part that cannot be built is noted in `errors` and left out.
  init(seed: PythonSeed, nestedSubsets: Bool, rules: MatrixRules, goesOn: Bool = false) {
    random = MersenneTwister(seed: seed)
    errors = goesOn ? [] : nil
    self.nestedSubsets = nestedSubsets
    self.rules = rules
  }

  /// The node of a whole suite.
  mutating func root(_ path: String, subset: MatrixSubset?) throws(MatrixError) -> Int32 {
    let isSliced = (subset?.count ?? 1) > 1
    let minimum = isSliced ? subset?.count ?? 0 : 0
    guard let whole = try node(path, name: "", minimum: minimum) else { throw .nothing(path: path) }
    guard isSliced, let subset else { return whole }
    return try slice(whole, divisions: subset.count, which: subset.index, of: path)
  }

  /// - Parameters:
  ///   - name: its name in the folder above; empty for the suite itself.
  ///   - isFile: whether the folder above says that it is a file.
  ///   - minimum: into how many good samples it must be possible to cut it (teuthology's mincyclicity); 0 does not care.
  /// - Returns: nil when it does not count.
  private mutating func node(
    _ path: String, name: String, isFile: Bool = false, minimum: Int
  ) throws(MatrixError) -> Int32? {
    guard errors != nil else { return try strictNode(path, name: name, isFile: isFile, minimum: minimum) }
    let before = errors?.count
    do throws(MatrixError) {
      return try strictNode(path, name: name, isFile: isFile, minimum: minimum)
    } catch {
      // A folder that is empty because all in it is broken is not worth a word of its own.
      if case .empty = error, errors?.count != before { return nil }
      errors?.append(error)
      return nil
    }
  }

  private mutating func strictNode(
    _ path: String, name: String, isFile: Bool, minimum: Int
  ) throws(MatrixError) -> Int32? {
    let own = name.isEmpty ? Self.lastSegment(of: path) : name
    if own.hasPrefix(".") { return nil }
    guard !isFile, case .folder(let identity) = try SuiteFolder.entry(at: path) else {
      return own.hasSuffix(".yaml") ? addFile(path, name) : nil
    }
    if own.hasSuffix(".disable") { return nil }
    if let above = ancestors[identity] { throw .loop(path: path, target: above) }
    ancestors[identity] = path
    defer { ancestors[identity] = nil }

    let entries = try SuiteFolder.names(in: path)
    if entries.isEmpty { return nil }
    let has: (String) -> Bool = { mark in entries.contains { $0.text == mark } }
    if has("+") { return try concat(path, name, entries, minimum) }
    if own.hasSuffix("$") || has("$") { return try random(path, name, entries, minimum) }
    if has("%") { return try product(path, name, entries, minimum) }
    return try sum(path, name, entries, minimum)
  }

  /// Whether a folder in which nothing counts is passed over.
  private func passesOver(_ children: [Int32]) -> Bool { rules == .corrected && children.isEmpty }

  private static func lastSegment(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  private mutating func children(
    of path: String, _ entries: [SuiteFolder.Name], without marks: [String], minimum: Int
  ) throws(MatrixError) -> [Int32] {
    var children: [Int32] = []
    for entry in entries where !marks.contains(entry.text) {
      let child = try node("\(path)/\(entry.text)", name: entry.text, isFile: entry.isFile, minimum: minimum)
      if let child { children.append(child) }
    }
    return children
  }

  // MARK: Kinds of folders

  private mutating func addFile(_ path: String, _ name: String) -> Int32 {
    files.append(path)
    return add(.file, name, size: 1, sample: 1, [], value: files.count - 1)
  }

  private mutating func concat(
    _ path: String, _ name: String, _ entries: [SuiteFolder.Name], _ minimum: Int
  ) throws(MatrixError) -> Int32? {
    let children = try children(of: path, entries, without: ["+"], minimum: minimum)
    if passesOver(children) { return nil }
    return add(.concat, name, size: 1, sample: 1, children)
  }

  private mutating func random(
    _ path: String, _ name: String, _ entries: [SuiteFolder.Name], _ minimum: Int
  ) throws(MatrixError) -> Int32? {
    let children = try children(of: path, entries, without: ["$", "%"], minimum: minimum)
    if passesOver(children) { return nil }
    // A part that cannot be asked for more than it has.
    if children.isEmpty || children.enumerated().contains(where: { canPass($1, $0) }) { mayFail = true }
    let node = add(.random, name, size: 1, sample: 1, children)
    fragile[node] = path
    return node
  }

  private mutating func product(
    _ path: String, _ name: String, _ entries: [SuiteFolder.Name], _ minimum: Int
  ) throws(MatrixError) -> Int32? {
    let divisor = try SuiteFolder.divisor(in: "\(path)/%", counts: nestedSubsets)
    let children = try children(of: path, entries, without: ["%"], minimum: 0)
    if passesOver(children) { return nil }
    guard !children.isEmpty else { throw .empty(path: path, isProduct: true) }

    // The smallest first; of equal ones the first. Each then goes round with the product of those after it.
    let order = children.sorted { (size($0), $0) < (size($1), $1) }
    var reversed: [MatrixLink] = []
    var (total, sample) = (1, 0)
    for child in order.reversed() {
      let size = size(child)
      guard size > 0 else { throw .noJobs(path: path) }
      sample = max(sample, nodes[Int(child)].sample)
      let shared = Self.greatestCommonDivisor(total, size)
      let (all, overflow) = total.multipliedReportingOverflow(by: size)
      guard !overflow else { throw .tooLarge(path: path) }
      reversed.append(MatrixLink(node: child, shared: shared, period: all / shared))
      total = all
    }
    if let last = order.last, canPass(last, order.count > 1 ? total - 1 : 0) { mayFail = true }
    let node = add(.product, name, size: total, sample: min(sample + 1, total), links: reversed.reversed())

    let (wanted, overflow) = minimum.multipliedReportingOverflow(by: divisor)
    guard !overflow else { throw .tooLarge(path: path) }
    let cycled = try cycle(node, atLeast: wanted, of: path)
    return divisor > 1 ? try slice(cycled, divisions: divisor, which: nil, of: path) : cycled
  }

  private mutating func sum(
    _ path: String, _ name: String, _ entries: [SuiteFolder.Name], _ minimum: Int
  ) throws(MatrixError) -> Int32? {
    var children: [Int32] = []
    for entry in entries {
      let place = "\(path)/\(entry.text)"
      let child = try node(place, name: entry.text, isFile: entry.isFile, minimum: minimum)
      if let child { children.append(try cycle(child, atLeast: minimum, of: place)) }
    }
    if passesOver(children) { return nil }
    guard !children.isEmpty else { throw .empty(path: path, isProduct: false) }
    var total = 0
    for child in children {
      guard size(child) > 0 else { throw .noJobs(path: path) }
      let (sum, overflow) = total.addingReportingOverflow(size(child))
      guard !overflow else { throw .tooLarge(path: path) }
      total = sum
    }
    let samples = children.map { nodes[Int($0)].sample }
    guard let sample = SumOrder.sample(sizes: children.map(size), samples: samples) else {
      throw .tooLarge(path: path)
    }
    sumCount += 1
    return add(.sum, name, size: total, sample: sample, children, value: sumCount - 1)
  }

  // MARK: Repeating and slicing

  private mutating func cycle(_ node: Int32, atLeast minimum: Int, of path: String) throws(MatrixError) -> Int32 {
    let inner = nodes[Int(node)]
    // teuthology divides by these two, too.
    guard inner.sample > 0 else { throw .noJobs(path: path) }
    guard inner.cyclicity < minimum else { return node }
    guard inner.cyclicity > 0 else { throw .noJobs(path: path) }
    let times = (minimum - 1) / inner.cyclicity + 1
    let (size, overflow) = inner.size.multipliedReportingOverflow(by: times)
    guard !overflow else { throw .tooLarge(path: path) }
    return add(.cycle, "", size: size, sample: inner.sample, [node])
  }

  /// - Parameter which: the slice; nil draws it.
  private mutating func slice(
    _ node: Int32, divisions: Int, which: Int?, of path: String
  ) throws(MatrixError) -> Int32 {
    let inner = nodes[Int(node)]
    let which = which ?? random.below(divisions)
    var size = inner.size / divisions
    var start = which * size
    if rules == .corrected {
      // No job falls between two slices.
      start = Self.share(which, of: inner.size, in: divisions)
      size = Self.share(which + 1, of: inner.size, in: divisions) - start
    }
    let slice = add(.subset, "", size: size, sample: inner.sample, [node], value: start)
    fragile[slice] = path
    return slice
  }

  private static func share(_ part: Int, of size: Int, in parts: Int) -> Int {
    parts.dividingFullWidth(part.multipliedFullWidth(by: size)).quotient
  }

  /// Whether a node fails for an index: only slices look at it.
  private func canPass(_ node: Int32, _ index: Int) -> Bool {
    if rules == .corrected { return false }
    let outer = nodes[Int(node)]
    return switch outer.kind {
    case .subset: index >= outer.size
    // They hand it on to their last child.
    case .product: outer.children.last.map { canPass(links[Int($0)].node, index) } ?? false
    default: false
    }
  }

  // MARK: Arrays

  private func size(_ node: Int32) -> Int { nodes[Int(node)].size }

  private mutating func add(
    _ kind: MatrixNode.Kind, _ name: String, size: Int, sample: Int, _ children: [Int32], value: Int = 0
  ) -> Int32 {
    add(kind, name, size: size, sample: sample, links: children.map { MatrixLink(node: $0) }, value: value)
  }

  private mutating func add(
    _ kind: MatrixNode.Kind, _ name: String, size: Int, sample: Int, links children: [MatrixLink], value: Int = 0
  ) -> Int32 {
    let nameStart = Int32(names.count)
    names += name.utf8
    let linkStart = Int32(links.count)
    links += children
    nodes.append(
      MatrixNode(
        kind: kind, name: nameStart..<Int32(names.count), size: size, sample: sample,
        children: linkStart..<Int32(links.count), value: value))
    return Int32(nodes.count - 1)
  }

  private static func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
    var (left, right) = (first, second)
    while right != 0 { (left, right) = (right, left % right) }
    return left
  }
}
