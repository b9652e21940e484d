import Glibc
public import Suite
import Synchronization

/// Merges all jobs of a plan on all processors, with the outcome that one after the other would have.
///
/// Blocks of jobs go to workers in turn. As soon as the scripts of a block do what reaches later jobs, its worker alone goes
/// on, and what the others did of later blocks is forgotten. Nearly no suite has such scripts.
public struct PlanMerge: Sendable {
  private let setup: MergeSetup
  private let matrix: SuiteMatrix
  private let writes: JobText
  private let workers: Int
  private let goesOn: Bool
  /// Some milliseconds of work.
  private let blockSize: Int
  /// How many processors there are.
  public static var processors: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }

  /// - Parameters:
  ///   - setup: what all jobs have in common.
  ///   - matrix: whose jobs they are.
  ///   - writes: what is written of them.
  ///   - workers: how many workers there are, at least 1.
  ///   - goesOn: whether a job that cannot be merged does not end the plan.
  ///   - blockSize: how many jobs a worker gets at a time.
  public init(
    _ setup: MergeSetup, matrix: SuiteMatrix, writes: JobText, workers: Int = processors, goesOn: Bool = false,
    blockSize: Int = 64
  ) {
    self.setup = setup
    self.matrix = matrix
    self.writes = writes
    self.goesOn = goesOn
    self.blockSize = max(1, blockSize)
    self.workers = max(1, min(workers, (matrix.count - 1) / self.blockSize + 1))
  }

  /// A block in work.
  private struct Turn {
    let jobs: [MatrixJob]
    let worker: PlanWorker
    let block: Task<PlanBlock, Never>
  }

  /// Merges the jobs.
  /// - Parameter take: gets each block with its jobs, in the order of the plan; returns false when it needs no more.
  /// - Throws: `MergeError` when the merge cannot begin, what `take` throws, and `CancellationError`.
  public func run(_ take: (_ jobs: [MatrixJob], _ block: PlanBlock) throws -> Bool) async throws {
    let stoppers = Stoppers()
    // A script may never come to an end by itself.
    defer { stoppers.stop() }
    try await withTaskCancellationHandler {
      try await run(stoppers, take)
    } onCancel: {
      stoppers.stop()
    }
  }

  /// What ends the scripts of all workers.
  private final class Stoppers: Sendable {
    private let state = Mutex<(isStopped: Bool, stoppers: [ScriptStopper])>((false, []))

    func add(_ stopper: ScriptStopper) {
      let isStopped = state.withLock {
        $0.stoppers.append(stopper)
        return $0.isStopped
      }
      if isStopped { stopper.stop() }
    }

    func stop() {
      let stoppers = state.withLock {
        $0.isStopped = true
        return $0.stoppers
      }
      for stopper in stoppers { stopper.stop() }
    }
  }

  private func run(
    _ stoppers: Stoppers, _ take: (_ jobs: [MatrixJob], _ block: PlanBlock) throws -> Bool
  ) async throws {
    var jobs = matrix.jobs()
    var turns: [Turn] = []
    for _ in 0..<workers {
      let worker = try PlanWorker(setup, matrix: matrix, writes: writes)
      stoppers.add(worker.stopper)
      guard let turn = try next(&jobs, on: worker) else { break }
      turns.append(turn)
    }
    while let turn = turns.first {
      let block = await turn.block.value
      try Task.checkCancellation()
      guard try take(turn.jobs, block) else { return }
      turns.removeFirst()
      if block.reachesLaterJobs {
        for turn in turns { turn.block.cancel() }
        return try await goOn(with: turn.worker, turns.map(\.jobs), jobs, take)
      }
      if let more = try next(&jobs, on: turn.worker) { turns.append(more) }
    }
  }

  /// The rest, one block after the other; while one is merged the jobs of the next are found. These blocks are larger, as each
  /// passes from thread to thread twice.
  private func goOn(
    with worker: PlanWorker, _ waiting: [[MatrixJob]], _ jobs: MatrixJobs,
    _ take: (_ jobs: [MatrixJob], _ block: PlanBlock) throws -> Bool
  ) async throws {
    for block in waiting {
      guard try await merge(block, with: worker, take) else { return }
    }
    var ahead = find(after: jobs)
    defer { ahead.cancel() }
    while true {
      let (block, jobs) = try await ahead.value
      if block.isEmpty { return }
      ahead = find(after: jobs)
      guard try await merge(block, with: worker, take) else { return }
    }
  }

  /// - Returns: whether more is needed.
  private func merge(
    _ block: [MatrixJob], with worker: PlanWorker, _ take: (_ jobs: [MatrixJob], _ block: PlanBlock) throws -> Bool
  ) async throws -> Bool {
    let result = await worker.run(block, goesOn: goesOn)
    try Task.checkCancellation()
    return try take(block, result)
  }

  /// Finds the jobs of a block.
  private func find(after jobs: MatrixJobs) -> Task<(block: [MatrixJob], jobs: MatrixJobs), any Error> {
    Task.detached {
      var jobs = jobs
      return (try block(&jobs, blockSize * 4), jobs)
    }
  }

  private func next(_ jobs: inout MatrixJobs, on worker: PlanWorker) throws(MatrixError) -> Turn? {
    let block = try block(&jobs, blockSize)
    if block.isEmpty { return nil }
    let goesOn = goesOn
    return Turn(jobs: block, worker: worker, block: Task.detached { await worker.run(block, goesOn: goesOn) })
  }

  private func block(_ jobs: inout MatrixJobs, _ size: Int) throws(MatrixError) -> [MatrixJob] {
    var block: [MatrixJob] = []
    while block.count < size, let job = try jobs.next() { block.append(job) }
    return block
  }
}
