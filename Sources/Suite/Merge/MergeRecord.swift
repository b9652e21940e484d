/// What a merge changed, key by key.
public final class MergeRecord {
  /// One change.
  public struct Change: Sendable, Equatable, CustomStringConvertible {
    /// What was done.
    public enum Action: Sendable, Equatable {
      /// A key that was missing or null got a value.
      case added
      /// So many items came to the end of a list.
      case appended(Int)
      /// A scalar gave way; it was this.
      case replaced(String)
      /// A script took it out.
      case removed
    }

    /// The keys from the root.
    public let path: [String]
    /// What was done.
    public let action: Action

    public var description: String {
      let path = path.joined(separator: ".")
      return switch action {
      case .added: "adds \(path)"
      case .appended(let count): "appends \(count) to \(path)"
      case .removed: "removes \(path)"
      case .replaced(let old): "changes \(path), which was \(old)"
      }
    }
  }

  /// The changes, in order.
  public private(set) var changes: [Change] = []
  private let heap: ObjectHeap
  private var path: [String] = []

  init(heap: ObjectHeap) { self.heap = heap }

  /// Forgets the changes.
  func clear() {
    changes = []
    path = []
  }

  func enter(_ key: Object) { path.append(heap.pythonText(key)) }
  func leave() { path.removeLast() }
  func added(_ value: Object) { changes.append(Change(path: path, action: .added)) }
  func appended(_ count: Int) {
    if count > 0 { changes.append(Change(path: path, action: .appended(count))) }
  }
  func replaced(_ old: Object, by new: Object) {
    if !heap.isEqual(old, new) {
      changes.append(Change(path: path, action: .replaced(heap.pythonText(old, longest: 60))))
    }
  }
}
