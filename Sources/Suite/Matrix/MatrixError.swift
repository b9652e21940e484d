/// Why a suite's directory makes no matrix. Where teuthology ends with a traceback, this says what is wrong and where.
public enum MatrixError: Error, Sendable, Equatable, CustomStringConvertible {
  /// There is nothing under the path, or it is a link that leads nowhere, or to itself.
  case missing(path: String, isLink: Bool)
  /// A file or folder cannot be read.
  case unreadable(path: String, why: String)
  /// Neither a file nor a folder: a socket, a pipe, a device.
  case special(path: String)
  /// A name that is not UTF-8.
  case name(folder: String, name: String)
  /// A link leads back to a folder it is in.
  case loop(path: String, target: String)
  /// The suite itself is hidden, disabled, empty or no YAML file.
  case nothing(path: String)
  /// A folder, with or without `%`, in which no entry counts.
  case empty(path: String, isProduct: Bool)
  /// A `%` that has something else than a number from 1 on.
  case divisor(path: String, text: String)
  /// A `%` whose number is larger than its product gives no jobs, which can be no part of something else.
  case noJobs(path: String)
  /// A folder with `$` in which no entry counts was met.
  case emptyRandom(path: String)
  /// A numbered `%` was asked for an index it does not have: it is the largest facet of a product, or stands in a `$`.
  case pastSubset(path: String, index: Int, size: Int)
  /// More than 2^63 - 1 combinations.
  case tooLarge(path: String)

  /// The file or folder.
  public var path: String {
    switch self {
    case .missing(let path, _), .unreadable(let path, _), .special(let path), .name(let path, _), .loop(let path, _),
      .nothing(let path), .empty(let path, _), .divisor(let path, _), .noJobs(let path), .emptyRandom(let path),
      .pastSubset(let path, _, _), .tooLarge(let path):
      path
    }
  }

  /// What is wrong there.
  public var problem: String {
    switch self {
    case .missing(_, let isLink): isLink ? "does not exist; is it a broken link?" : "does not exist"
    case .unreadable(_, let why): why
    case .special: "neither a file nor a folder"
    case .name(_, let name): "the name '\(name)' is not UTF-8"
    case .loop(_, let target): "leads back up to \(target)"
    case .nothing: "is no suite: hidden, disabled, empty, or a file without .yaml"
    case .empty(_, let isProduct):
      "a folder\(isProduct ? " with %" : "") in which nothing counts; it needs a .yaml file or a folder, or the name's end"
        + " .disable"
    case .divisor(_, let text): "must be empty or have a number from 1 on, not '\(text)'"
    case .noJobs: "has a part of which no job is left: a % with a number larger than its product"
    case .emptyRandom: "a folder with $ in which nothing counts: there is nothing to pick"
    case .pastSubset(_, let index, let size):
      "asked for index \(index) of \(size): a % with a number cannot be the largest facet of a product, nor stand in a $;"
        + " teuthology fails for some seeds and ignores the number for others"
    case .tooLarge: "more than \(Int.max) combinations"
    }
  }

  public var description: String { "\(path): \(problem)" }
}
