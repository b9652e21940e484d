import Glibc
import Host
import LuaKit
import LuaRuntime

/// `kdev.host`; its functions are documented in host.d.lua.
enum HostModule: KdevModule {
  static let name = "host"

  static func build(_ module: LuaModule, _ environment: Environment) {
    let host = environment.host
    module.call { lua in try lua.await(RemoteOptions(lua, environment).connect(environment)) }
    module.async("facts") { lua in
      let options = try environment.options(lua, at: 1, "kdev.host.FactOptions", for: "kdev.host.facts")
      let kernel: KernelObject? = try options.value("kernel")
      let initramfs = try options.string("initramfs")
      return LuaOperation {
        let programs = host.probePrograms().map { ($0.name, $0.capability.value) }
        var kvm = host.kvmDevice() ?? .no("not tried with a guest")
        if let kernel, let initramfs { kvm = try await host.probeKVM(kernel: kernel.kernel, initrd: initramfs) }
        return LuaValue.record([
          ("kvm", kvm.value), ("tun", try await host.probeTap().value), ("vhost", host.probeVhost().value),
          ("programs", .record(programs)),
          ("cores", .integer(Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN))))), ("root", .bool(host.isRoot)),
        ])
      }
    }
  }
}

extension Capability {
  fileprivate var value: LuaValue {
    .record([
      ("works", .bool(works)), ("reason", .string(reason)), ("hint", hint.map { .string($0) } ?? .nil),
      ("because", .string(reason + (hint.map { " (to have it: \($0))" } ?? ""))),
    ])
  }
}
