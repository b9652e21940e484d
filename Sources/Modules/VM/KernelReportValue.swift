import Host
import LuaKit

extension LuaValue {
  /// `kdev.KernelReport`, as vm.d.lua describes it.
  init(_ report: KernelReport) {
    func text(_ value: String?) -> LuaValue { value.map { .string($0) } ?? .nil }
    let time: LuaValue = report.time.map { .number($0) } ?? .nil
    let processID: LuaValue = report.processID.map { .integer(Int64($0)) } ?? .nil
    self = .record([
      ("kind", .string(report.kind.rawValue)), ("title", .string(report.title)), ("place", text(report.place)),
      ("command", text(report.command)), ("pid", processID), ("time", time), ("fatal", .bool(report.isFatal)),
      ("text", .string(report.text)), ("decoded", text(report.decoded)),
    ])
  }
}
