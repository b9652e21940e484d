/// Styles for a terminal; or none.
public struct Paint: Sendable {
  public let isOn: Bool

  public init(isOn: Bool) { self.isOn = isOn }

  public func callAsFunction(_ style: TextStyle, _ text: String) -> String { isOn ? style.apply(to: text) : text }
}

extension TextStyle {
  public static let bold = TextStyle(codes: [1])
  public static let dim = TextStyle(codes: [2])
  public static let red = TextStyle(codes: [31])
  public static let green = TextStyle(codes: [32])
  public static let yellow = TextStyle(codes: [33])
  public static let magenta = TextStyle(codes: [35])
  public static let cyan = TextStyle(codes: [36])
}
