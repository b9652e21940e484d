import Host
import LuaKit

extension LaunchOptions {
  /// The machine's disks: each a `kdev.Disk`, or a table with one and how the guest sees it.
  func drives() throws -> [Drive] {
    guard options.push(list: "disks") else { return [] }
    defer { options.lua.pop() }
    let list = options.lua.top
    return try stride(from: 1, through: options.lua.rawCount(at: list), by: 1).map { position in
      options.lua.rawElement(position, of: list)
      defer { options.lua.pop() }
      if let disk = DiskObject.test(options.lua, at: -1) { return Drive(disk.disk) }
      return try Drive(options.inner("kdev.vm.DiskOptions", at: -1))
    }
  }
}

extension Drive {
  init(_ disk: Disk) { self.init(path: disk.path, format: disk.format.rawValue) }

  /// - Parameter options: `kdev.vm.DiskOptions`, checked.
  init(_ options: Options) throws {
    let disk: DiskObject = try options.required("disk")
    self.init(disk.disk)
    interface = try options.string("interface").flatMap(Interface.init(rawValue:)) ?? .virtio
    cache = try options.string("cache").flatMap(Cache.init(rawValue:))
    discard = try options.bool("discard")
    readOnly = try options.bool("read_only")
    if readOnly, interface == .ide { throw options.wrong("read_only", "an IDE disk cannot be read-only") }
    serial = try options.string("serial")
    // VIRTIO_BLK_ID_BYTES in Linux's virtio_blk.h, and the field of NVMe's Identify Controller.
    if let serial, !(1...20).contains(serial.utf8.count) {
      throw options.wrong("serial", "1 to 20 bytes expected, got \(serial.utf8.count)")
    }
  }
}
