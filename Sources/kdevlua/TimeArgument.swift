import ArgumentParser
import Host

/// A time on the command line: seconds, or a number with a unit, as 300ms, 90s, 30m, 12h or 7d.
struct TimeArgument: ExpressibleByArgument, CustomStringConvertible {
  let duration: Duration
  let description: String

  init(_ duration: Duration, _ text: String) { (self.duration, description) = (duration, text) }

  init?(argument: String) {
    guard let seconds = Duration.seconds(written: argument) else { return nil }
    self.init(.milliseconds(Int64(seconds * 1000)), argument)
  }
}
