extension MachineSpec: Codable {
  private enum CodingKeys: String, CodingKey {
    case name, memory, cpus, board, accelerator, cpu, kernel, initrd, append, drives, cdrom, boot, reboots, cards,
      address
    case shares, display, hasPassword, devices, wait, agent, extra, profile, memoryFile
    /// The only card, in records of machines that were launched by an earlier kdevlua.
    case network
    /// The display, in such records.
    case vnc
  }

  /// Reads a record, also an older one: what it does not have is as it was before there was a choice.
  public init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      name: try record.decode(String.self, forKey: .name),
      kernel: try record.decodeIfPresent(String.self, forKey: .kernel))
    func read<Value: Decodable>(_ key: CodingKeys, into value: inout Value) throws {
      if let found = try record.decodeIfPresent(Value.self, forKey: key) { value = found }
    }
    try read(.memory, into: &memory)
    try read(.cpus, into: &cpus)
    try read(.board, into: &board)
    try read(.accelerator, into: &accelerator)
    try read(.cpu, into: &cpu)
    try read(.initrd, into: &initrd)
    try read(.append, into: &append)
    try read(.drives, into: &drives)
    try read(.cdrom, into: &cdrom)
    try read(.boot, into: &boot)
    try read(.reboots, into: &reboots)
    try read(.cards, into: &cards)
    if let network = try record.decodeIfPresent(NetworkCard.Network.self, forKey: .network) {
      cards = [NetworkCard(network)]
    }
    try read(.address, into: &address)
    try read(.shares, into: &shares)
    try read(.display, into: &display)
    if let number = try record.decodeIfPresent(Int.self, forKey: .vnc) { display = .number(number) }
    try read(.hasPassword, into: &hasPassword)
    try read(.devices, into: &devices)
    try read(.wait, into: &wait)
    try read(.agent, into: &agent)
    try read(.extra, into: &extra)
    try read(.profile, into: &profile)
    memoryFile = try record.decodeIfPresent(Memory.self, forKey: .memoryFile)
  }

  public func encode(to encoder: any Encoder) throws {
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(name, forKey: .name)
    try record.encode(memory, forKey: .memory)
    try record.encode(cpus, forKey: .cpus)
    try record.encode(board, forKey: .board)
    try record.encode(accelerator, forKey: .accelerator)
    try record.encode(cpu, forKey: .cpu)
    try record.encodeIfPresent(kernel, forKey: .kernel)
    try record.encodeIfPresent(initrd, forKey: .initrd)
    try record.encode(append, forKey: .append)
    try record.encode(drives, forKey: .drives)
    try record.encodeIfPresent(cdrom, forKey: .cdrom)
    try record.encodeIfPresent(boot, forKey: .boot)
    try record.encode(reboots, forKey: .reboots)
    try record.encode(cards, forKey: .cards)
    try record.encodeIfPresent(address, forKey: .address)
    try record.encode(shares, forKey: .shares)
    try record.encode(display, forKey: .display)
    try record.encode(hasPassword, forKey: .hasPassword)
    try record.encode(devices, forKey: .devices)
    try record.encode(wait, forKey: .wait)
    try record.encode(agent, forKey: .agent)
    try record.encode(extra, forKey: .extra)
    try record.encode(profile, forKey: .profile)
    try record.encodeIfPresent(memoryFile, forKey: .memoryFile)
  }
}
