import ArgumentParser

/// A time on the command line: seconds, or a number with a unit, as 300ms, 90s, 30m, 12h or 7d.
struct TimeArgument: ExpressibleByArgument, CustomStringConvertible {
  let duration: Duration
  let description: String

  init(_ duration: Duration, _ text: String) { (self.duration, description) = (duration, text) }

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let units = ["ms": 1.0, "s": 1000, "": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    guard let number = Double(digits), let unit = units[String(argument.dropFirst(digits.count))], number < 1e9 else {
      return nil
    }
    self.init(.milliseconds(Int64(number * unit)), argument)
  }
}
