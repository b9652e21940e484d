/// What each fragment of a job did, for people who ask why.
public final class MergeTrace {
  /// What became of a fragment.
  public enum Result: Sendable, Equatable {
    case empty
    case dropped(Rejection)
    case merged([MergeRecord.Change])
  }

  /// One fragment, in its turn.
  public struct Step: Sendable, Equatable {
    /// Its path.
    public let path: String
    /// What became of it.
    public let result: Result
  }

  /// The fragments in the order in which they were looked at.
  public private(set) var steps: [Step] = []
  let record: MergeRecord

  /// A trace for the jobs of a merge.
  public init(for merge: FragmentMerge) { record = MergeRecord(heap: merge.heap) }

  /// What the script that ran last changed in the job.
  private var byScript: [MergeRecord.Change] = []
  /// The job before the script; nil when it was too large to be a value.
  private var before: YAMLValue?

  func begin() {
    steps = []
    byScript = []
  }

  func beforeScript(_ merge: FragmentMerge) { before = try? merge.heap.value(of: merge.yaml) }

  func afterScript(_ merge: FragmentMerge) {
    byScript = []
    guard let before, let after = try? merge.heap.value(of: merge.yaml) else { return }
    byScript = MergeRecord.Change.between(before, after)
  }

  /// What the script changed, once.
  func takeScriptChanges() -> [MergeRecord.Change] {
    defer { byScript = [] }
    return byScript
  }

  func add(_ result: Result, path: String) { steps.append(Step(path: path, result: result)) }
}
