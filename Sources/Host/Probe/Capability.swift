/// Whether the machine can do something; when not, why, and the command that would change it.
public struct Capability: Sendable, Equatable {
  public let works: Bool
  /// Why not, or how it was found to work.
  public let reason: String
  /// What would provide it.
  public let hint: String?

  public static func yes(_ reason: String) -> Capability { Capability(works: true, reason: reason, hint: nil) }
  public static func no(_ reason: String, hint: String? = nil) -> Capability {
    Capability(works: false, reason: reason, hint: hint)
  }
}
