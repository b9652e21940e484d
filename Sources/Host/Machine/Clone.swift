import FoundationEssentials
import Glibc

/// What a clone has for itself.
public struct CloneOptions: Sendable {
  public var name: String
  /// Nil: the card of the template, if it has one, leads nowhere.
  public var card: NetworkCard?
  /// What the guest configures: `ADDRESS/PREFIX,GATEWAY` or `dhcp`.
  public var address: String?
  /// What is noted of it when it is launched.
  public var addressNote: AddressNote?
  /// Folders of the host instead of the template's, by tag.
  public var shares: [String: String]
  /// The display on loopback; nil takes the first free one.
  public var vnc: Int?

  public init(name: String) {
    self.name = name
    shares = [:]
  }
}

extension LocalHost {
  /// Starts a machine that goes on from a template's state. It has overlays over the template's disks, which go with it, a
  /// name, card's address and clock of its own, fresh random numbers, and the template's shares mounted.
  /// - Parameter timeLimit: for the guest to answer.
  /// - Throws: as `launch`; `invalid` for a network or share that the template has no card or tag for.
  public func clone(
    _ template: Template, _ options: CloneOptions, timeLimit: Duration, in transaction: Transaction
  ) async throws(HostError) -> Machine {
    try Self.validate(machineName: options.name)
    let folder = folder(ofMachine: options.name)
    var spec = template.spec
    spec.name = options.name
    spec.display = options.vnc.map { .number($0) } ?? .free
    spec.memoryFile = .init(path: template.memoryFile, state: template.stateFile, key: template.key)
    (spec.address, spec.addressNote) = (nil, nil)
    if let card = options.card {
      guard let model = spec.cards.first?.model else {
        throw HostError(
          .invalid, "the template \(template.name) has no network card", hint: "give kdev.vm.template a net, too")
      }
      guard model == card.model else {
        throw HostError(.invalid, "the card of the template \(template.name) is \(model), wanted is \(card.model)")
      }
      // How many it has is part of the saved state.
      if case .tap(let tap, _, let queues?, _) = card.network, queues > 1 {
        throw HostError(
          .invalid, "the card of the template \(template.name) has one queue, and the tap \(tap) has \(queues)",
          hint: "make the tap without queues")
      }
      spec.cards = [card]
      (spec.address, spec.addressNote) = (options.address, options.addressNote)
    }
    for (tag, path) in options.shares {
      guard let index = spec.shares.firstIndex(where: { $0.tag == tag }) else {
        let tags = spec.shares.map(\.tag).joined(separator: ", ")
        throw HostError(
          .invalid, "the template \(template.name) has no share \(tag)", hint: tags.isEmpty ? nil : "it has: \(tags)")
      }
      spec.shares[index].path = path
    }
    for index in spec.drives.indices {
      spec.drives[index].path = "\(folder.path)/disk\(index).qcow2"
      spec.drives[index].format = "qcow2"
    }
    if !isDryRun, try machine(options.name)?.processID == nil {
      guard template.isWhole else {
        let what = Files.exists(template.path) ? "is damaged: its memory or state is missing" : "was removed"
        throw HostError(.missing, "the template \(template.name) \(what)", hint: "make it again: kdev.vm.template")
      }
      touch(template)
    }
    let below = spec.drives.indices.map { Drive(path: template.disk($0), format: "qcow2") }
    do throws(HostError) {
      return try await launch(spec, timeLimit: timeLimit, over: below, in: transaction)
    } catch {
      var error = error
      if error.code == .guest, error.hint == nil {
        error.hint = "the template may be damaged; kdevlua warm --remove \(template.name), and make it again"
      }
      throw error
    }
  }
}

extension LocalHost {
  /// Starts a clone by the template's name. A card has user networking.
  /// - Throws: `invalid` when there is no template of that name; as `clone`.
  public func clone(named template: String, as name: String) async throws(HostError) -> Machine {
    guard let found = try self.template(template) else {
      let known = try templates().map(\.name).joined(separator: ", ")
      throw HostError(
        .invalid, "there is no template \(template)",
        hint: known.isEmpty ? "make one: kdev.vm.template, or kdevlua warm MACHINE" : "there are: \(known)")
    }
    var options = CloneOptions(name: name)
    if let card = found.spec.cards.first {
      options.card = NetworkCard(.user(sshPort: try reserveLoopbackPort()), model: card.model)
      options.address = userAddress
    }
    return try await clone(found, options, timeLimit: .seconds(30), in: .none(self))
  }

  /// The template of that name as it is, or one of a machine's options, made now or found in the cache.
  /// - Throws: `invalid` when there is neither.
  public func template(ofMachine name: String) async throws(HostError) -> Template {
    if let machine = try machine(name) {
      guard machine.record.spec.memoryFile == nil else {
        throw HostError(.invalid, "the machine \(name) is itself a clone of a template")
      }
      do throws(HostError) {
        return try await template(machine.record.spec, prepare: [], timeLimit: .seconds(120))
      } catch {
        var error = error
        // The template boots from the machine's disks; taken down, the machine would not be known any more.
        if error.code == .busy, let process = machine.processID,
          machine.record.spec.drives.contains(where: { users(of: $0.path).contains { $0.process.id == process } })
        {
          error.hint =
            "end its guest and try again: kdevlua exec \(name) poweroff; not kdevlua down, which forgets the machine"
        }
        throw error
      }
    }
    guard let found = try template(name) else {
      throw HostError(
        .invalid, "there is neither a machine nor a template \(name)",
        hint: "kdevlua ps and kdevlua warm list them; one that was taken down is forgotten: start it again")
    }
    return await step("template \(name)") { step async in
      step.adopted("from the cache")
      return found
    }
  }
}

/// What QEMU's user networking gives (qemu-system-x86_64(1), -netdev user).
public let userAddress = "10.0.2.15/24,10.0.2.2,10.0.2.3"

extension Machine {
  /// Makes the guest ready for its state to be saved: QEMU saves no machine that has a 9p share mounted. A guest without our
  /// agent is left as it is.
  /// - Throws: `busy` when a share is in use.
  func freeze() async throws(HostError) {
    if channel == nil || record.spec.agent != .kdevlua { return }
    let result = try await execute([Array("/lib/kdev/freeze".utf8)], timeLimit: .seconds(60))
    guard result.status != 127 else { throw Self.tooOld(name) }
    guard result.status == 0 else {
      throw HostError(
        .busy, "a share is in use in the guest \(name), and a machine with a share mounted cannot be saved",
        hint: "end what uses it, or leave its folder: kdevlua exec \(name) fuser -m DIRECTORY",
        detail: String(decoding: result.error, as: UTF8.self))
    }
  }

  /// What a guest does first that goes on from a saved state: clock, random numbers, and the shares that `freeze` unmounted.
  /// - Parameter spec: for a clone: what it is to be called.
  /// - Throws: `command` when a share cannot be mounted.
  func thaw(as spec: MachineSpec? = nil) async throws(HostError) {
    if channel == nil || record.spec.agent != .kdevlua { return }
    var words = ["/lib/kdev/thaw", "\(Int(Date().timeIntervalSince1970.rounded()))"]
    if let spec {
      let address = spec.cards.first.map { $0.address ?? QEMUOption.mac(of: spec.name) }
      words += [spec.name, address ?? "-", spec.address ?? "-"]
    }
    let seed = (0..<64).map { _ in UInt8.random(in: 0...255) }
    let result = try await execute(words.map { Array($0.utf8) }, input: .bytes(seed), timeLimit: .seconds(60))
    let trouble = String(decoding: result.error, as: UTF8.self)
    guard result.status != 127 else { throw Self.tooOld(name) }
    guard result.status == 0 else {
      throw HostError(
        .command, "the guest \(name) could not mount its shares again", command: words, status: result.status,
        detail: trouble)
    }
    if !trouble.isEmpty { host.warn("\(name): \(trouble)") }
  }

  private static func tooOld(_ name: String) -> HostError {
    HostError(
      .missing, "the guest \(name) has no /lib/kdev/freeze and thaw, so its state cannot be saved",
      hint: "boot it with an initramfs of kdev.kernel.initramfs")
  }
}
