/// Runs `body`, and cancels it when the limit passes.
/// - Parameters:
///   - limit: nil is no limit.
///   - what: what did not happen, for the message: "WHAT within 3 s".
/// - Throws: what `body` throws; `timeout` when the limit passed first.
func withTimeLimit<R: Sendable>(
  _ limit: Duration?, _ what: @autoclosure () -> String, _ body: @Sendable () async throws(HostError) -> R
) async throws(HostError) -> R {
  guard let limit else { return try await body() }
  let raced: Result<R, HostError>? = await withoutActuallyEscaping(body) { body in
    await withTaskGroup(of: Result<R, HostError>?.self) { group in
      group.addTask {
        do throws(HostError) { return .success(try await body()) } catch { return .failure(error) }
      }
      group.addTask {
        do { try await Task.sleep(for: limit) } catch {}
        return nil
      }
      var first = await group.next() ?? nil
      group.cancelAll()
      // The body ends, cleaned up, before anyone goes on; the clock's nil is no answer when the body has one.
      while let next = await group.next() { if first == nil, case .success? = next { first = next } }
      return first
    }
  }
  if Task.isCancelled { throw HostError.cancelled }
  guard let raced else { throw HostError(.timeout, "\(what()) within \(limit.text)") }
  return try raced.get()
}

extension Duration {
  public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
  /// The seconds that a person writes: a number of them, or of another unit, as in 300ms, 90s, 5m, 12h or 7d.
  /// - Returns: nil for another text, and from 1e9 seconds on.
  public static func seconds(written text: String) -> Double? {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let units = ["ms": 0.001, "s": 1, "": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let number = Double(digits), let unit = units[String(text.dropFirst(digits.count))], number * unit < 1e9
    else { return nil }
    return number * unit
  }
  /// As a person reads it: `0.3 s`, `12 s`.
  public var text: String {
    let tenths = (seconds * 10).rounded() / 10
    return tenths < 10 && tenths != tenths.rounded() ? "\(tenths) s" : "\(Int(tenths.rounded())) s"
  }
}

/// Waits.
/// - Throws: `cancelled`.
func pause(_ duration: Duration) async throws(HostError) {
  do { try await Task.sleep(for: duration) } catch { throw HostError.cancelled }
}

/// Runs `body` to its end even when the task is cancelled: what cleans up must not be cut short by what made it needed.
@discardableResult func uncancelled<R: Sendable>(_ body: @escaping @Sendable () async throws(HostError) -> R)
  async throws(HostError) -> R
{
  let result = await Task { () async -> Result<R, HostError> in
    do throws(HostError) { return .success(try await body()) } catch { return .failure(error) }
  }.value
  return try result.get()
}
