/// Why a suite's directory makes no matrix. Where teuthology ends with a traceback, this says what is wrong and where.
public enum MatrixError: Error, Sendable, Equatable, CustomStringConvertible {
  /// There is nothing under the path, or it leads nowhere: a broken link, or one that leads to itself.
  case missing(path: String)
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
  case noJobs(path: String, divisor: Int?)
  /// A folder with `$` in which no entry counts was met.
  case emptyRandom(path: String)
  /// A numbered `%` was asked for an index it does not have: it is the largest facet of a product, or stands in a `$`.
  case pastSubset(path: String, index: Int, size: Int)
  /// More than 2^63 - 1 combinations.
  case tooLarge(path: String)

  public var description: String {
    switch self {
    case .missing(let path): "\(path): does not exist; is it a broken link?"
    case .unreadable(let path, let why): "\(path): \(why)"
    case .special(let path): "\(path): neither a file nor a folder"
    case .name(let folder, let name): "\(folder): the name '\(name)' is not UTF-8"
    case .loop(let path, let target): "\(path): leads back up to \(target)"
    case .nothing(let path): "\(path): is no suite: hidden, disabled, empty, or a file without .yaml"
    case .empty(let path, let isProduct):
      "\(path): a folder\(isProduct ? " with %" : "") in which nothing counts; it needs a .yaml file or a folder, or the"
        + " name's end .disable"
    case .divisor(let path, let text): "\(path): must be empty or have a number from 1 on, not '\(text)'"
    case .noJobs(let path, let divisor?):
      "\(path): the number \(divisor) in % is larger than the product, so that no job is left of it"
    case .noJobs(let path, nil): "\(path): has a part of which no job is left"
    case .emptyRandom(let path): "\(path): a folder with $ in which nothing counts: there is nothing to pick"
    case .pastSubset(let path, let index, let size):
      "\(path): asked for index \(index) of \(size): a % with a number cannot be the largest facet of a product, nor stand"
        + " in a $; teuthology fails for some seeds and ignores the number for others"
    case .tooLarge(let path): "\(path): more than \(Int.max) combinations"
    }
  }
}
