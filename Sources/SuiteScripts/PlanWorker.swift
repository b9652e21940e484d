public import Suite

/// What of a job is written.
public enum JobText: Sendable {
  /// Nothing: it is only asked whether the job is in the plan.
  case none
  /// A line of JSON.
  case json
  /// A YAML document.
  case yaml
  /// No text, but the values of the jobs, and the base configuration as it is after them.
  case values
}

/// Some jobs of a plan, merged.
public struct PlanBlock: Sendable {
  /// What became of a job.
  public enum Outcome: Sendable, Equatable {
    case kept
    case rejected
    /// It cannot be merged.
    case failed(String)
  }

  /// For each job what became of it.
  public fileprivate(set) var outcomes: [Outcome] = []
  /// The texts of the jobs that are kept, one after the other.
  public fileprivate(set) var text: [UInt8] = []
  /// The jobs that are kept, and what the last of them leaves of the base configuration, when these are wanted.
  public fileprivate(set) var values: [(description: String, yaml: YAMLValue)] = []
  public fileprivate(set) var base: YAMLMapping = [:]
  /// For each job where its text ends.
  public fileprivate(set) var ends: [Int] = []
  /// Whether scripts drew numbers or changed the base configuration, in these jobs or in earlier ones of the same worker:
  /// then jobs that follow depend on them.
  public fileprivate(set) var reachesLaterJobs = false
}

/// Merges blocks of jobs, beside other workers that merge other blocks.
///
/// Jobs depend on those before them by two things only: the numbers that scripts draw, and what scripts store in the base
/// configuration. As long as no script does either, each worker gives what one that had merged all jobs would give.
public actor PlanWorker {
  private let merge: FragmentMerge
  private let scripts = LuaScripts()
  private let folder: String
  private let files: [String]
  private let writes: JobText
  /// Ends the block in work with the job in work; what it gives then is good for nothing.
  nonisolated let stopper: ScriptStopper

  /// A worker that begins as teuthology does before the first job.
  /// - Parameters:
  ///   - setup: what all jobs have in common.
  ///   - matrix: whose jobs they are.
  ///   - writes: what is written of them.
  /// - Throws: `MergeError` when the base configuration is no mapping, or Lua has no memory.
  public init(_ setup: MergeSetup, matrix: SuiteMatrix, writes: JobText) throws(MergeError) {
    stopper = scripts.stopper
    merge = try FragmentMerge(setup, scripts: scripts)
    folder = matrix.folder
    files = matrix.relativeFiles
    self.writes = writes
  }

  /// Merges jobs that follow each other.
  /// - Parameter goesOn: whether a job that cannot be merged does not end the block.
  public func run(_ jobs: [MatrixJob], goesOn: Bool) -> PlanBlock {
    var block = PlanBlock()
    var text = ByteBuffer()
    for job in jobs where !stopper.isStopped {
      do {
        if try merge.merge(job) == .merged {
          do throws(ObjectTextError) { try write(job, to: &text, &block) } catch {
            throw JobFailure(job: merge.description, error: .unwritable(error))
          }
          block.outcomes.append(.kept)
        } else {
          block.outcomes.append(.rejected)
        }
      } catch {
        block.outcomes.append(.failed("\(error)"))
      }
      block.ends.append(text.count)
      if case .failed? = block.outcomes.last, !goesOn { break }
    }
    text.withBytes { block.text = Array($0) }
    if writes == .values, !block.outcomes.isEmpty {
      do throws(ObjectTextError) { block.base = try merge.baseValue() } catch {
        block.outcomes[block.outcomes.count - 1] = .failed("the base configuration: \(error)")
      }
    }
    block.reachesLaterJobs = scripts.drewNumbers || merge.hasChangedBase
    return block
  }

  private func write(
    _ job: MatrixJob, to text: inout ByteBuffer, _ block: inout PlanBlock
  ) throws(ObjectTextError) {
    switch writes {
    case .none: break
    case .values: block.values.append((merge.description, try merge.value()))
    case .json: try merge.appendJSON(to: &text, relativeTo: folder)
    case .yaml:
      merge.shortenDropped(folder)
      let document: YAMLMapping = [
        "description": .string(merge.description),
        "fragments": .sequence(job.fragments.map { .string(files[Int($0)]) }),
        "job": try merge.value(),
      ]
      text.append("---\n" + YAMLValue.mapping(document).yaml)
    }
  }
}
