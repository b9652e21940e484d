import Glibc
import Suite
import Testing

/// A suite's folder, made for a test and removed after it.
final class SuiteTree {
  let folder: String
  private var made: [String] = []

  /// - Parameters:
  ///   - files: texts by paths below the folder; a path that ends with "/" is an empty folder.
  ///   - links: targets by paths.
  init(_ files: [String: String], links: [String: String] = [:]) throws {
    var template = Array("/tmp/suite.XXXXXX".utf8CString)
    folder = String(cString: try #require(mkdtemp(&template)))
    for (name, text) in files {
      try makeFolders(for: name)
      if name.hasSuffix("/") { continue }
      let file = try #require(fopen("\(folder)/\(name)", "w"))
      fputs(text, file)
      fclose(file)
      made.append("\(folder)/\(name)")
    }
    for (name, target) in links {
      try makeFolders(for: name)
      try #require(symlink(target, "\(folder)/\(name)") == 0)
      made.append("\(folder)/\(name)")
    }
  }

  /// A tree of empty files.
  convenience init(names: [String], links: [String: String] = [:]) throws {
    try self.init(Dictionary(uniqueKeysWithValues: names.map { ($0, "") }), links: links)
  }

  deinit { for path in made.reversed() + [folder] { remove(path) } }

  private func makeFolders(for name: String) throws {
    var path = folder
    for segment in name.split(separator: "/", omittingEmptySubsequences: false).dropLast() {
      path += "/\(segment)"
      let isNew = mkdir(path, 0o700) == 0
      try #require(isNew || errno == EEXIST)
      if isNew { made.append(path) }
    }
  }

  /// The descriptions of all jobs of a part of the tree.
  func descriptions(
    _ part: String = "", subset: String? = nil, nestedSubsets: Bool = true, seed: PythonSeed = 1,
    rules: MatrixRules = .teuthology
  ) throws -> [String] {
    try jobs(part, subset: subset, nestedSubsets: nestedSubsets, seed: seed, rules: rules).map { $0.description() }
  }

  func jobs(
    _ part: String = "", subset: String? = nil, nestedSubsets: Bool = true, seed: PythonSeed = 1,
    rules: MatrixRules = .teuthology
  ) throws -> [MatrixJob] {
    let path = part.isEmpty ? folder : "\(folder)/\(part)"
    let matrix = try SuiteMatrix(
      folder: path, subset: subset.flatMap { MatrixSubset($0) }, nestedSubsets: nestedSubsets, seed: seed, rules: rules)
    var jobs = matrix.jobs()
    var all: [MatrixJob] = []
    while let job = try jobs.next() { all.append(job) }
    #expect(all.count == matrix.count)
    return all
  }

  /// The error of a part of the tree, with the folder's own path as "TREE".
  func error(_ part: String = "", seed: PythonSeed = 1) -> String? {
    let error = #expect(throws: MatrixError.self) { try self.jobs(part, seed: seed) }
    return error.map { relative($0.description) }
  }

  /// The text with the folder's own path as "TREE".
  func relative(_ text: String) -> String {
    var result = ""
    var rest = Substring(text)
    while let start = rest.indices.first(where: { rest[$0...].hasPrefix(folder) }) {
      result += rest[..<start] + "TREE"
      rest = rest[rest.index(start, offsetBy: folder.count)...]
    }
    return result + rest
  }
}
