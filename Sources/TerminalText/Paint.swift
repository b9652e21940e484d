/// Colours for a terminal; or none.
public struct Paint: Sendable {
  public enum Style: Int, Sendable {
    case dim = 2
    case bold = 1
    case red = 31
    case green = 32
    case yellow = 33
    case magenta = 35
    case cyan = 36
  }

  public let isOn: Bool

  public init(isOn: Bool) { self.isOn = isOn }

  public func callAsFunction(_ style: Style, _ text: String) -> String {
    isOn ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
  }
}
