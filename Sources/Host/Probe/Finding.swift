import FoundationEssentials

/// A line of `kdevlua doctor`.
public struct Finding: Sendable, Equatable, Encodable {
  public enum Grade: String, Sendable, Encodable, CaseIterable {
    /// As it should be.
    case ok
    /// Things work without it, slower or with less.
    case limited
    /// The set-up fails without it.
    case broken
  }
  public let subject: String
  public let grade: Grade
  public let text: String
  /// The command that mends it.
  public let hint: String?

  init(_ subject: String, _ grade: Grade, _ text: String, hint: String? = nil) {
    self.subject = subject
    self.grade = grade
    self.text = text
    self.hint = hint
  }

  /// What a probe found; `otherwise` is what comes of it when it does not work.
  init(_ subject: String, _ capability: Capability, otherwise: String, else grade: Grade = .limited) {
    self.init(
      subject, capability.works ? .ok : grade,
      capability.works ? capability.reason : "\(capability.reason): \(otherwise)", hint: capability.hint)
  }
}

extension [Finding] {
  /// One line of JSON: an array of objects with `subject`, `grade`, `text` and, where there is one, `hint`.
  public var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
  }
}
