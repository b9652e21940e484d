import Synchronization

/// How far a piece of work is that is counted.
public struct ProgressState: Sendable, Equatable {
  public var label: String
  /// What is counted: "files", or "B" for bytes, which are shown with prefixes.
  public var unit: String
  public var total: Double?
  public var done = 0.0

  public init(label: String, unit: String = "", total: Double? = nil) {
    self.label = label
    self.unit = unit
    self.total = total
  }

  /// 0 to 1; nil when the total is not known.
  var fraction: Double? { total.map { $0 > 0 ? min(1, max(0, done / $0)) : 1 } }

  /// `12/30 files`, `1.5/4.0 MiB`.
  var count: String {
    if unit == "B" {
      let (factor, name) = Self.prefix(for: total ?? done)
      let parts = ([done] + (total.map { [$0] } ?? [])).map { Self.text($0 / factor, decimals: factor > 1 ? 1 : 0) }
      return parts.joined(separator: "/") + " " + name
    }
    let parts = [Self.text(done)] + (total.map { [Self.text($0)] } ?? [])
    return parts.joined(separator: "/") + (unit.isEmpty ? "" : " " + unit)
  }

  private static func prefix(for bytes: Double) -> (Double, String) {
    for (power, name) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] where bytes >= Double(1 << power) {
      return (Double(1 << power), name)
    }
    return (1, "B")
  }

  private static func text(_ number: Double, decimals: Int? = nil) -> String {
    guard number.isFinite, abs(number) < 1e15 else { return "\(number)" }
    let isWhole = decimals == 0 || decimals == nil && number == number.rounded()
    if isWhole { return "\(Int(number))" }
    let tenths = Int((number * 10).rounded())
    return "\(tenths / 10).\(abs(tenths % 10))"
  }
}

/// A piece of work that is counted while it lasts.
public final class ProgressBar: Sendable {
  private let id: Int
  private let observer: any HostObserver
  private let stored: Mutex<(state: ProgressState, isOpen: Bool)>

  init(id: Int, _ state: ProgressState, observer: any HostObserver) {
    self.id = id
    self.observer = observer
    stored = Mutex((state, true))
    observer.observe(.progressStarted(id: id, state))
  }

  public var state: ProgressState { stored.withLock { $0.state } }

  /// Changes the state and has it shown; nothing happens after the end.
  public func change(_ body: (inout ProgressState) -> Void) {
    stored.withLock { stored in
      guard stored.isOpen else { return }
      body(&stored.state)
      observer.observe(.progressChanged(id: id, stored.state))
    }
  }

  /// Ends it; a second time does nothing.
  public func close(failed: Bool) {
    stored.withLock { stored in
      guard stored.isOpen else { return }
      stored.isOpen = false
      observer.observe(.progressEnded(id: id, stored.state, failed: failed))
    }
  }
}
