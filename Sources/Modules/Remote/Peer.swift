import Host
import LuaKit
import LuaRuntime
import Synchronization

/// The Lua of this side, as the other end of a connection sees it: what was given away by number, and what may be asked for.
final class Peer: Sendable {
  /// What one side asks of the other.
  enum Action: UInt8 {
    /// A function of a module: its name and its own; then arguments.
    case module = 1
    /// A method of an object that was given away.
    case method
    /// A function that was given away.
    case function
    /// A field of such an object.
    case field
    /// The end of a `<close>` variable with such an object; one argument says whether an error ended it.
    case close
  }

  private struct State {
    var next: UInt32 = 1
    var exports: [UInt32: LuaReference] = [:]
    var channel: MessageChannel?
    /// On the side that asks: dropped with the last thing that needs it.
    var connection: RemoteConnection?
    var dispatcher: LuaReference?
    /// Set-ups of the other side that are open here, by their numbers.
    var setUps: [UInt32: RemoteSetUp] = [:]
  }

  /// The other side, for messages.
  let name: String
  /// Objects may go to the other side, by number: it is the one that asks.
  let givesObjects: Bool
  let runtime: LuaRuntime
  /// What this side knows of classes; nil where objects never come from the other side.
  private let library: TypeLibrary?
  private let state = Mutex(State())

  /// - Parameters:
  ///   - name: the other side, for messages.
  ///   - library: on the side that asks, what the classes have; the other one gives objects.
  init(_ name: String, _ library: TypeLibrary?, _ runtime: LuaRuntime) {
    self.name = name
    self.library = library
    self.runtime = runtime
    givesObjects = library == nil
  }

  /// The functions of a module, by their names.
  func functions(of module: String) -> [String] { (library?.functions(of: module) ?? []).map(\.key) }

  /// Whether the class has a method of that name; of a class that is not known here the other side is asked.
  func isMethod(_ name: String, of type: String) -> Bool { library?.member(name, of: type)?.isMethod == true }

  // MARK: - What was given away

  func export(_ reference: LuaReference) -> UInt32 {
    state.withLock { state in
      defer { state.next &+= 1 }
      state.exports[state.next] = reference
      return state.next
    }
  }

  func exported(_ number: UInt32) -> LuaReference? { state.withLock { $0.exports[number] } }

  /// All of it, in the order in which it was given away.
  var allExported: [LuaReference] {
    state.withLock { state in state.exports.sorted { $0.key < $1.key }.map(\.value) }
  }

  /// Hears that the other side has let go of something.
  func take(notice body: [UInt8]) {
    var reader = WireReader(body, from: self)
    let number = reader.number()
    let dropped = state.withLock { $0.exports.removeValue(forKey: number) }
    // Not under the lock: it may be the last hold on an object of this side.
    withExtendedLifetime(dropped) {}
  }

  /// Tells the other side that nobody here has that thing of it any more.
  func drop(_ number: UInt32) {
    var writer = WireWriter(self)
    writer.write(number: number)
    channel?.tell(writer.bytes)
  }

  /// What answers questions about modules and objects; nil on the side that asks.
  var dispatcher: LuaReference? { state.withLock { $0.dispatcher } }

  func answers(by dispatcher: LuaReference) { state.withLock { $0.dispatcher = dispatcher } }

  // MARK: - The connection

  var channel: MessageChannel? { state.withLock { $0.channel } }

  func connect(_ channel: MessageChannel, _ connection: RemoteConnection? = nil) {
    state.withLock { state in
      state.channel = channel
      state.connection = connection
    }
  }

  /// - Throws: `connection` before there is one, and after its end.
  func requireConnection() throws(HostError) -> RemoteConnection {
    if let end = channel?.end { throw end }
    guard let connection = state.withLock({ $0.connection }) else {
      throw HostError(.connection, "there is no connection to \(name)")
    }
    return connection
  }

  func close() async { await state.withLock { $0.connection }?.close() }

  // MARK: - Asking

  /// An operation that asks the other side. The arguments are the values from `first` to the top of the stack.
  /// - Parameters:
  ///   - head: what the action needs before the arguments.
  ///   - setUp: the set-up that what is made there belongs to, by its number; 0 is none.
  /// - Throws: `LuaMismatch` for an argument that cannot go there.
  func ask(
    _ action: Action, from first: Int32, of lua: LuaState, setUp: UInt32 = 0,
    _ head: (inout WireWriter) -> Void
  ) throws -> @Sendable () async throws -> RemoteResults {
    var writer = WireWriter(self)
    writer.write(byte: action.rawValue)
    writer.write(number: setUp)
    head(&writer)
    try writer.write(valuesFrom: first, of: lua)
    let body = writer.bytes
    return { [self] in
      guard let channel else { throw HostError(.connection, "there is no connection to \(name)") }
      switch try await channel.ask(body) {
      case .success(let results): return RemoteResults(peer: self, body: results)
      case .failure(let failure): throw RemoteError(failure, from: self)
      }
    }
  }

  // MARK: - Set-ups

  func open(_ setUp: RemoteSetUp, _ number: UInt32) {
    setUp.number.withLock { $0 = number }
    state.withLock { $0.setUps[number] = setUp }
  }

  /// Nothing more is made for that set-up.
  func close(setUp number: UInt32, _ lua: LuaState) {
    guard let setUp = state.withLock({ $0.setUps.removeValue(forKey: number) }) else { return }
    setUp.number.withLock { $0 = nil }
    if lua.taskContext[RemoteSetUp.key] as? RemoteSetUp === setUp { lua.taskContext[RemoteSetUp.key] = setUp.outer }
  }
}

/// What came back: pushed where the script waits for it.
struct RemoteResults: LuaResult, Sendable {
  let peer: Peer
  let body: [UInt8]

  func pushResults(onto lua: LuaState) -> Int32 {
    var reader = WireReader(body, from: peer)
    return reader.push(valuesOnto: lua)
  }

  /// The number of the object that is the first result.
  var object: UInt32? {
    var reader = WireReader(body, from: peer)
    guard reader.number() > 0, reader.byte() == WireTag.object.rawValue else { return nil }
    return reader.number()
  }
}

/// Where a task, and those that it starts, find the set-up of another machine that they work for; as the slots of this machine's
/// own set-ups.
final class RemoteSetUp: Sendable {
  static let key = "kdev.remote.transaction"
  let peer: Peer
  let number = Mutex<UInt32?>(nil)
  let outer: RemoteSetUp?

  init(_ peer: Peer, outer: RemoteSetUp?) {
    self.peer = peer
    self.outer = outer
  }

  /// The innermost one that is open on that machine.
  func current(on peer: Peer) -> UInt32? {
    (self.peer === peer ? number.withLock { $0 } : nil) ?? outer?.current(on: peer)
  }
}

extension LuaState {
  /// The set-up on another machine that what is made there now belongs to; 0 when there is none.
  func setUp(on peer: Peer) -> UInt32 { (taskContext[RemoteSetUp.key] as? RemoteSetUp)?.current(on: peer) ?? 0 }
}
