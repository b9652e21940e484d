import Synchronization

/// A set-up that is made as a whole: what it makes stays when it succeeds, and is undone in reverse when it does not.
/// While it is open it holds the lock of its machine's name.
public final class Transaction: Sendable {
  public let host: LocalHost
  /// The machine's name; empty for changes that belong to none.
  public let owner: String
  /// Leave what was made in place after a failure, to look at.
  public let keepOnFailure: Bool
  /// Held while the set-up is open.
  private let lock: Mutex<FileLock?>
  private let made = Mutex<[JournalEntry]>([])

  init(host: LocalHost, owner: String, keepOnFailure: Bool, lock: FileLock?) {
    self.host = host
    self.owner = owner
    self.keepOnFailure = keepOnFailure
    self.lock = Mutex(lock)
  }

  /// For a change outside of any set-up: it is in the journal, and stays until it is undone.
  public static func none(_ host: LocalHost) -> Transaction {
    Transaction(host: host, owner: "", keepOnFailure: true, lock: nil)
  }

  /// Writes down what is about to be made.
  /// - Throws: `invalid` when the set-up has ended: nobody would undo it.
  func record(_ resource: Resource) throws(HostError) -> JournalEntry {
    let isOpen = lock.withLock { $0 != nil }
    guard isOpen || owner.isEmpty else {
      throw HostError(.invalid, "the set-up of \(owner) has ended; \(resource.title) cannot be made for it any more")
    }
    let entry = try host.journal.record(resource, owner: owner, kept: !isOpen)
    made.withLock { $0.append(entry) }
    return entry
  }

  /// Notes what is known only after it was made.
  /// - Returns: the entry as it stands now.
  func update(_ entry: JournalEntry, _ resource: Resource) throws(HostError) -> JournalEntry {
    var entry = entry
    entry.resource = resource
    try host.journal.update(entry)
    made.withLock { [entry] made in
      if let place = made.firstIndex(where: { $0.id == entry.id }) { made[place] = entry }
    }
    return entry
  }

  /// Undoes one thing that did not succeed.
  func undo(_ entry: JournalEntry) async throws(HostError) {
    try await host.undo(entry, disks: true, now: true)
    made.withLock { made in made.removeAll { $0.id == entry.id } }
  }

  /// Strikes out what was not made after all.
  func strike(_ entry: JournalEntry) throws(HostError) {
    try host.journal.strike(entry)
    made.withLock { made in made.removeAll { $0.id == entry.id } }
  }

  /// The set-up succeeded: all of it stays.
  public func commit() throws(HostError) {
    for var entry in made.withLock({ $0 }) where host.journal.has(entry) {
      entry.kept = true
      try host.journal.update(entry)
    }
    made.withLock { $0 = [] }
    lock.withLock { $0 = nil }
  }

  /// The same, and when that cannot be written down, the set-up has failed: nobody would find what it made.
  public func finish() async throws(HostError) {
    do throws(HostError) { try commit() } catch {
      await rollBack()
      throw error
    }
  }

  /// The set-up failed: what it made is undone, last first. Goes on when one thing cannot be undone, and says so.
  /// - Returns: what could not be undone.
  @discardableResult
  public func rollBack() async -> [HostError] {
    defer { lock.withLock { $0 = nil } }
    if keepOnFailure {
      let entries = made.withLock { made in made.filter { host.journal.has($0) } }
      if !entries.isEmpty {
        host.warn(
          "kept for you to look at: \(entries.map(\.resource.title).joined(separator: ", ")); kdevlua down \(owner)")
      }
      return []
    }
    var errors: [HostError] = []
    // Until nothing is left, since a task of the set-up may still be making things.
    while true {
      let entries = takeNext().filter { host.journal.has($0) }
      if entries.isEmpty, made.withLock({ $0.isEmpty }) { return errors }
      func note(_ entry: JournalEntry, _ error: HostError) {
        host.warn("could not undo \(entry.resource.title), kdevlua down \(owner) tries again: \(error.message)")
        errors.append(error)
      }
      for entry in entries where !entry.resource.isNetwork {
        do throws(HostError) { try await host.undo(entry, disks: true) } catch { note(entry, error) }
      }
      let networks = entries.filter(\.resource.isNetwork)
      guard let first = networks.first else { continue }
      do throws(HostError) { try await host.undoNetworks(networks, of: owner, failed: note) } catch {
        note(first, error)
      }
    }
  }

  /// What an earlier set-up of the name has left for others is this one's again.
  fileprivate func takeOver(_ entry: JournalEntry) throws(HostError) {
    var entry = entry
    (entry.kept, entry.isLeft) = (false, false)
    try host.journal.update(entry)
    made.withLock { [entry] in $0.append(entry) }
  }

  /// What is undone next: one by one what is no network, and then the networks as a whole.
  private func takeNext() -> [JournalEntry] {
    made.withLock { made in
      if let place = made.lastIndex(where: { !$0.resource.isNetwork }) { return [made.remove(at: place)] }
      defer { made = [] }
      return made
    }
  }
}

extension LocalHost {
  /// Opens a set-up for the machine `name`. What an interrupted earlier one left half made is undone first.
  /// - Parameters:
  ///   - keepOnFailure: leave what was made in place when the set-up fails.
  /// - Throws: `invalid` for a bad name, `busy` when another kdevlua is at work on the machine.
  public func begin(_ name: String, keepOnFailure: Bool = false) async throws(HostError) -> Transaction {
    try Self.validate(machineName: name)
    if isDryRun { return Transaction(host: self, owner: name, keepOnFailure: false, lock: nil) }
    let transaction = Transaction(host: self, owner: name, keepOnFailure: keepOnFailure, lock: try await lock(name))
    try warnOfBrokenEntries()
    let halfMade = try journal.entries().reversed().filter { $0.owner == name && !$0.kept }
    for entry in halfMade {
      note("an earlier set-up of \(name) was interrupted; undoing \(entry.resource.title)")
      if !entry.resource.isNetwork { try await undo(entry, disks: true) }
    }
    let networks = halfMade.filter(\.resource.isNetwork)
    if !networks.isEmpty {
      var failure: HostError?
      try await undoNetworks(networks, of: name) { _, error in failure = failure ?? error }
      if let failure { throw failure }
    }
    let boot = try Journal.bootID()
    for entry in try journal.entries() where entry.owner == name && entry.isLeft ?? false && entry.boot == boot {
      try transaction.takeOver(entry)
    }
    return transaction
  }

  /// Takes the lock of a machine's name. Whoever only looks at what is left over holds it for a moment, so it waits for that long.
  func lock(_ name: String) async throws(HostError) -> FileLock {
    let end = ContinuousClock.now + .seconds(2)
    while true {
      if let lock = try freeLock(name) { return lock }
      guard ContinuousClock.now < end else {
        throw HostError(
          .busy, "another kdevlua is setting up or taking down the machine \(name)",
          hint: "wait for it, or choose another --name")
      }
      try await pause(.milliseconds(10))
    }
  }

  /// Takes the lock of a machine's name if it is free now.
  func freeLock(_ name: String) throws(HostError) -> FileLock? {
    try state.make(state.locks)
    return try FileLock.attempt(state.locks + "/" + name + ".lock")
  }

  /// - Throws: `invalid`. The name becomes a folder, part of an interface's name and the guest's host name.
  static func validate(machineName name: String) throws(HostError) {
    func letter(_ byte: UInt8) -> Bool {
      (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
        || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }
    let bytes = Array(name.utf8)
    guard let first = bytes.first, letter(first), bytes.count <= 32,
      bytes.allSatisfy({ letter($0) || $0 == UInt8(ascii: "-") })
    else {
      throw HostError(
        .invalid,
        "\"\(name)\" cannot be a machine's name: letters, digits and \"-\", beginning with a letter or digit, 32 at most"
      )
    }
  }
}
