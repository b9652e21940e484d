import Testing

@testable import Host
@testable import LuaKit
@testable import LuaRuntime
@testable import Modules

/// The d.lua files and the checks at run time agree, both ways: each function is really called, on a host that changes
/// nothing, with what its d.lua file says. The calls are made on Lua's main thread: there a function that waits reads its
/// arguments and goes no further.
@Suite struct ArgumentAgreementTests {
  private static let library = TypeLibrary(Stdlib(environment: ["KDEVLUA_STDLIB": "/nonexistent"]))

  /// Values of the documented type that a function refuses for what they say need a better one here.
  private static let samples: [String: String] = [
    "kdev.vm.LaunchOptions.name": #""a""#, "kdev.vm.LaunchOptions.memory": #""1G""#,
    "kdev.vm.CloneOptions.share": #"{ tag = "/" }"#,
    "kdev.vm.CloneOptions.name": #""a""#, "kdev.vm.CloneOptions.net": "samples['kdev.UserNetwork']",
    "kdev.vm.CloneOptions.vhost": "false",
    "kdev.vm.LaunchOptions.share": #"{ tag = { path = "/", security = "none", read_only = true } }"#,
    "kdev.vm.LaunchOptions.vsock": "3", "kdev.vm.LaunchOptions.paused": "false",
    "kdev.vm.LaunchOptions.numa": #"{ { memory = "1G", cpus = 1 } }"#,
    "kdev.vm.LaunchOptions.consoles": #"{ "virtio" }"#,
    "kdev.vm.VNCOptions.password": #""a""#, "kdev.vm.VNCOptions.socket": "false",
    "kdev.vm.LaunchOptions.boot": "nil", "kdev.vm.LaunchOptions.cdrom": #""/etc/hostname""#,
    "kdev.vm.LaunchOptions.address": #""dhcp""#, "kdev.vm.CloneOptions.address": #""dhcp""#,
    "kdev.vm.CardOptions.mac": #""52:54:00:00:00:01""#, "kdev.vm.CardOptions.vhost": "false",
    "Machine:qmp.arguments": "{}",
    "kdev.vm.LaunchOptions.disks": #"""
    { samples['kdev.Disk'], { disk = samples['kdev.Disk'], interface = "scsi", cache = "none", discard = true,
      read_only = true, serial = "a" } }
    """#,
    "kdev.net.UserOptions.forward": "{ http = 80 }", "kdev.net.BridgeOptions.mtu": "1400",
    "kdev.net.TapOptions.mtu": "1400", "kdev.vnc.TunnelOptions.host": #""a""#,
    // The other network has no vhost.
    "kdev.vm.LaunchOptions.net": "samples['kdev.UserNetwork']", "kdev.vm.LaunchOptions.vhost": "false",
    // One of the two; and a sum of as many digits as it has.
    "kdev.disk.ImageOptions.url": "nil", "kdev.disk.ImageOptions.sha256": #"("0"):rep(64)"#,
    "kdev.disk.ImageOptions.sha512": #"("0"):rep(128)"#,
    "kdev.cli.Spec.[integer]":
      #"{ "name", type = "size", default = "1G", choices = { "1G" }, value = "V", help = "h" }"#,
    "kdev.teuthology.PushOptions.branch": #""wip-a""#, "kdev.teuthology.KernelBuildOptions.branch": #""wip-a""#,
    "kdev.teuthology.ScheduleOptions.subset": #""0/32""#,
    // It stands instead of `vm`.
    "kdev.vnc.ViewOptions.display": "nil",
    // It stands instead of `suite`.
    "kdev.teuthology.ScheduleOptions.rerun": "nil",
    "kdev.merge.SuiteOptions.subset": #""0/32""#, "kdev.merge.ChooseOptions.fragments": #""setup""#,
    "kdev.merge.ChooseOptions.forced": "{}",
    "kdev.merge.ChooseOptions.globals": #"""
    { host = { kvm = { works = false, because = "a" }, tun = { works = false, because = "a" },
      vhost = { works = false, because = "a" } } }
    """#,
    "kdev.ui.TableOptions.header": "false", "ui.table.rows": "{}",
    "kdev.ui.TableOptions.align": #"{ "left" }"#, "ui.style.style": #""bold red""#, "ui.style.stream": #""stdout""#,
    "ui.is_terminal.stream": #""stdout""#, "kdev.ui.SelectOptions.default": #""b""#, "ui.select.choices": #"{ "b" }"#,
    "kdev.fs.WatchOptions.[integer]": #""/proc/self/attr""#,
    "fs.chmod.mode": #""755""#, "kdev.fs.WriteOptions.mode": #""755""#, "path.with_extension.extension": #"".o""#,
    "Process:kill.signal": #""TERM""#, "path.absolute.path": #""/a""#,
  ]

  private func sample(_ type: AnnotatedType, _ place: String) -> String {
    if let known = Self.samples[place] { return known }
    switch type {
    case .any, .string: return place.contains("size") || place.contains("mem") ? #""1G""# : stringSample(place)
    case .integer, .number: return "1"
    case .boolean: return "true"
    case .function: return "function() end"
    case .table: return "{}"
    case .literal(let text): return "\"\(text)\""
    case .array(let element): return "{ \(sample(element, place + "[]")) }"
    case .map(let element): return "{ a = \(sample(element, place + "[]")) }"
    case .union(let members): return sample(members[0], place)
    case .named(let name):
      guard Self.library.classes[name] != nil, !Self.library.isObject(name) else { return "samples['\(name)']" }
      return table(name)
    }
  }

  private func stringSample(_ place: String) -> String {
    ["timeout", "duration", "interval", "quiet"].contains(where: place.contains) ? #""90s""# : #""/nonexistent/a""#
  }

  /// A table with all that the class has.
  private func table(_ name: String, except left: String? = nil, adding extra: String? = nil) -> String {
    var items: [String] = []
    for field in Self.library.fields(of: name) where field.name != left {
      let value = sample(field.type, "\(name).\(field.name)")
      items.append(field.isPositional ? value : "\(field.name) = \(value)")
    }
    if let extra { items.append(extra) }
    return "{ " + items.joined(separator: ", ") + " }"
  }

  /// Something that is not of the type; nil when everything is.
  private func wrong(_ type: AnnotatedType) -> String? {
    switch type {
    case .any: return nil
    case .table, .array, .map: return "true"
    case .union(let members): return members.contains(.any) ? nil : "coroutine.create(print)"
    case .named(let name): return Self.library.classes[name] == nil ? nil : "true"
    default: return type == .boolean ? "{}" : "true"
    }
  }

  private func functions() -> [(name: String, call: String, function: TypeFile.Function)] {
    let stdlib = Stdlib(environment: ["KDEVLUA_STDLIB": "/nonexistent"])
    return Stdlib.embeddedNames.filter { $0.hasPrefix("types/") && $0 != "types/kdev.d.lua" }.flatMap { name in
      TypeFile(String(decoding: stdlib.read(name) ?? [], as: UTF8.self)).functions.map { function in
        let parts = function.name.split(separator: ":")
        let call =
          parts.count == 1
          ? "kdev.\(function.name)(" : "samples['kdev.\(parts[0])'].\(parts[1])(samples['kdev.\(parts[0])']"
        return (function.name, call, function)
      }
    }
  }

  /// Runs scripts on a host that changes nothing, with an object of each class in `samples`.
  private func withRuntime(_ body: @escaping @Sendable (LuaRuntime, OptionReads) async throws -> Void) throws {
    let folder = "/tmp/kdevlua-agreement-\(Int.random(in: 0..<1_000_000_000))"
    try Files.makeFolder(folder)
    defer { try? Files.removeTree(folder) }
    let image = folder + "/vmlinux"
    try Files.write([0x7f] + Array("ELF Linux version 6.1.0 (a)".utf8), to: image)
    let host = try LocalHost(
      options: .init(dryRun: true, environment: ["HOME": folder, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"]),
      observer: SilentObserver())
    let reads = OptionReads()
    let environment = Environment(
      host: host, stdlib: Stdlib(environment: ["KDEVLUA_STDLIB": "/nonexistent"]), script: "test", arguments: [],
      reads: reads)
    let executor = LuaExecutor()
    try executor.run {
      let runtime = try LuaRuntime(executor: executor)
      try await runtime.install(environment)
      let kernel = try KernelImage(path: image)
      try await runtime.withState { lua in
        lua.newTable()
        func add(_ object: some LuaObject) {
          object.push(onto: lua)
          lua.rawSet(type(of: object).luaName, of: -2)
        }
        let bridge = Bridge(name: "a", namespace: "a", address: nil, mtu: nil, isOurs: false)
        add(
          DiskObject(
            Disk(path: "/nonexistent/a", format: .qcow2, size: try ByteSize("1G"), backing: nil), environment))
        add(KernelObject(kernel))
        add(KernelTreeObject(path: folder, version: "6.1.0"))
        add(BridgeObject(bridge, host))
        add(TapObject(Tap(name: "a", bridge: "a", namespace: "a", queues: 1, entry: nil), in: bridge, mtu: nil, host))
        add(NamespaceObject(NetworkNamespace(name: "a", entries: []), host))
        add(UserNetworkObject(sshPort: 1, forwards: []))
        add(LinkEndObject(LinkEnd(own: "/nonexistent/a", peer: "/nonexistent/b")))
        add(HostObject(Peer("a", Self.library, runtime), program: "a", host))
        add(ViewObject(nil, of: "a", host, isOpened: false))
        add(TunnelObject(try host.tunnel(TunnelSpec(RemoteAddress("a"), display: 1))))
        add(TaskQueue(capacity: 8))
        add(TaskSemaphore(size: 8))
        let record = MachineRecord(
          spec: MachineSpec(name: "a", kernel: image), kernelFile: nil, display: nil, release: nil)
        add(
          MachineObject(
            Machine(host: host, record: record, folder: MachineFolder(path: folder), channel: nil, lock: nil),
            environment))
        add(
          TemplateObject(
            Template(name: "a", key: "", spec: record.spec, release: "", path: folder), environment))
        try Files.write([], to: folder + "/console.log")
        add(ConsoleObject(try GuestConsole(MachineFolder(path: folder), fromStart: false), of: "a", environment))
        try lua.setGlobal("samples")
      }
      _ = try await runtime.evaluate(
        .source(
          """
          kdev = require "kdev"
          samples["kdev.Task"] = kdev.task.spawn(function() end)
          samples["kdev.Permit"] = samples["kdev.Semaphore"]:acquire()
          samples["kdev.Queue"] = kdev.task.queue(8)
          samples["kdev.File"] = kdev.fs.temporary()
          samples["kdev.Watch"] = kdev.fs.watch { "/proc/self/attr" }
          samples["kdev.Process"] = kdev.proc.spawn { "true" }
          samples["kdev.Progress"] = kdev.ui.progress()
          samples["kdev.Task"]:await()
          """, name: "=samples"))
      try await body(runtime, reads)
      await runtime.close()
    }
  }

  /// What the call's error says when it refuses an argument; empty when it takes them.
  private static func refusal(_ call: String, _ runtime: LuaRuntime) async throws -> String {
    try await runtime.run(
      .source(
        """
        local ok, err = pcall(function() \(call) end)
        refusal = not ok and type(err) == "userdata" and err.kind == "argument" and err.message or ""
        if not ok and type(err) == "string" then refusal = err end
        """, name: "=call"), onMain: true)
    return try await runtime.withState { lua in
      try lua.getGlobal("refusal")
      return lua.string(at: -1) ?? ""
    }
  }

  private func arguments(_ function: TypeFile.Function, replacing position: Int? = nil, with text: String = "")
    -> String
  {
    let named = function.isVariadic ? Array(function.parameters.dropLast()) : function.parameters
    let values = named.enumerated().map { offset, parameter in
      offset == position ? text : sample(parameter.type, "\(function.name).\(parameter.name)")
    }
    // A method has its object before them.
    return (function.name.contains(":") && !values.isEmpty ? ", " : "") + values.joined(separator: ", ")
  }

  @Test func everyDocumentedFieldIsTakenAndRead() throws {
    try withRuntime { runtime, reads in
      var classes: Set<String> = []
      for (name, call, function) in functions() {
        let refusal = try await Self.refusal(call + arguments(function) + ")", runtime)
        #expect(refusal == "", "\(name)(\(arguments(function)))")
        for parameter in function.parameters {
          if case .named(let name) = parameter.type, Self.library.classes[name] != nil, !Self.library.isObject(name) {
            collect(name, into: &classes)
            try await takesEveryAlternative(call, function, of: name, runtime)
          }
        }
      }
      for name in classes {
        // A field that is documented and never read would do nothing.
        #expect(reads.fields(of: name) == Set(Self.library.fields(of: name).map(\.name)), "\(name)")
      }
      #expect(classes.count > 12)
    }
  }

  /// Each of the types that a field can have, one after the other.
  private func takesEveryAlternative(
    _ call: String, _ function: TypeFile.Function, of options: String, _ runtime: LuaRuntime
  ) async throws {
    for field in Self.library.fields(of: options) {
      guard case .union(let members) = field.type else { continue }
      for member in members {
        // A literal, as what it says counts in each; of the rest a sample that fits this field.
        var value = sample(member, member == .string ? "\(options).\(field.name)" : "")
        if member == .integer, field.name == "memory" { value = "1 << 30" }
        let position = function.parameters.firstIndex { $0.type == .named(options) }
        let given = arguments(
          function, replacing: position, with: table(options, except: field.name, adding: "\(field.name) = \(value)"))
        let refusal = try await Self.refusal(call + given + ")", runtime)
        #expect(refusal == "", "\(function.name): \(field.name) = \(value)")
      }
    }
  }

  private func collect(_ name: String, into classes: inout Set<String>) {
    guard classes.insert(name).inserted else { return }
    func visit(_ type: AnnotatedType) {
      switch type {
      case .named(let name):
        if Self.library.classes[name] != nil, !Self.library.isObject(name) { collect(name, into: &classes) }
      case .array(let element), .map(let element): visit(element)
      case .union(let members): members.forEach(visit)
      default: break
      }
    }
    for field in Self.library.fields(of: name) { visit(field.type) }
  }

  /// Whatever a function reads is documented: reading another name ends the program (`Options.willRead`), and a table with
  /// another name is refused.
  @Test func everyFieldThatIsNotDocumentedIsRefused() throws {
    try withRuntime { runtime, _ in
      for (name, call, function) in functions() {
        for (position, parameter) in function.parameters.enumerated() {
          guard case .named(let options) = parameter.type, Self.library.classes[options] != nil,
            !Self.library.isObject(options)
          else { continue }
          let given = arguments(function, replacing: position, with: table(options, adding: "nonesuch = 1"))
          let refusal = try await Self.refusal(call + given + ")", runtime)
          #expect(refusal.contains("unknown field 'nonesuch'"), "\(name): \(refusal)")
          for field in Self.library.fields(of: options) where !field.isOptional && !field.isPositional {
            let given = arguments(function, replacing: position, with: table(options, except: field.name))
            let refusal = try await Self.refusal(call + given + ")", runtime)
            #expect(refusal.contains("field '\(field.name)' is missing"), "\(name): \(refusal)")
          }
        }
      }
    }
  }

  @Test func everyArgumentOfAnotherTypeIsRefused() throws {
    try withRuntime { runtime, _ in
      for (name, call, function) in functions() {
        for (position, parameter) in function.parameters.enumerated() where parameter.name != "..." {
          guard let wrong = wrong(parameter.type) else { continue }
          let refusal = try await Self.refusal(
            call + arguments(function, replacing: position, with: wrong) + ")", runtime)
          #expect(refusal != "", "\(name) takes \(wrong) for \(parameter.name)")
          if !parameter.isOptional, parameter.type != .any, !Self.isOptions(parameter.type) {
            let refusal = try await Self.refusal(
              call + arguments(function, replacing: position, with: "nil") + ")", runtime)
            #expect(refusal != "", "\(name) takes nil for \(parameter.name)")
          }
        }
      }
    }
  }

  /// Every field of every table, with a value that is not of its type.
  @Test func everyFieldOfAnotherTypeIsRefused() throws {
    try withRuntime { runtime, _ in
      for (name, call, function) in functions() {
        for (position, parameter) in function.parameters.enumerated() {
          guard case .named(let options) = parameter.type, Self.isOptions(parameter.type) else { continue }
          for field in Self.library.fields(of: options) {
            guard let wrong = wrong(field.type) else { continue }
            let item = field.isPositional ? wrong : "\(field.name) = \(wrong)"
            let given = arguments(
              function, replacing: position, with: table(options, except: field.name, adding: item))
            let refusal = try await Self.refusal(call + given + ")", runtime)
            let shown = field.isPositional ? "[" : field.name
            #expect(refusal.contains("field '\(shown)"), "\(name): \(item): \(refusal)")
          }
        }
      }
    }
  }

  private static func isOptions(_ type: AnnotatedType) -> Bool {
    guard case .named(let name) = type, library.classes[name] != nil else { return false }
    return !library.isObject(name)
  }
}
