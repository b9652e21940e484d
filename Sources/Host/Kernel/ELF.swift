/// What is read of programs' own files (elf(5)).
enum ELF {
  /// Whether a 64-bit program needs no dynamic linker: it has no PT_INTERP segment.
  /// - Throws: as reading the file does.
  static func isStatic(_ path: String) throws(HostError) -> Bool {
    let bytes = try Files.read(path)
    func number(_ offset: Int, _ size: Int) -> Int? {
      guard offset >= 0, offset + size <= bytes.count else { return nil }
      return bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    // e_phoff, e_phentsize and e_phnum of Elf64_Ehdr.
    guard bytes.starts(with: [0x7f] + Array("ELF".utf8)), bytes[4] == 2, let table = number(32, 4),
      let size = number(54, 2),
      let count = number(56, 2)
    else { return false }
    let interpreter = 3
    return !(0..<count).contains { number(table + $0 * size, 4) == interpreter }
  }

  /// Whether QEMU can start a vmlinux: it has the note XEN_ELFNOTE_PHYS32_ENTRY (Linux's include/xen/interface/elfnote.h),
  /// in a segment of notes (elf(5): name size, description size, type, then both, padded to four bytes).
  static func canBeEnteredByPVH(_ bytes: [UInt8]) -> Bool {
    func number(_ offset: Int, _ size: Int) -> Int? {
      guard offset >= 0, offset <= bytes.count - size else { return nil }
      return bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    guard bytes.starts(with: [0x7f] + Array("ELF".utf8)), bytes.count > 64, bytes[4] == 2, let table = number(32, 4),
      let size = number(54, 2), let count = number(56, 2)
    else { return false }
    let (notes, phys32Entry) = (4, 18)
    for index in 0..<count where number(table + index * size, 4) == notes {
      guard var place = number(table + index * size + 8, 4), let length = number(table + index * size + 32, 4) else {
        continue
      }
      let end = place + length
      while place + 12 <= end, let name = number(place, 4), let description = number(place + 4, 4) {
        if number(place + 8, 4) == phys32Entry, name == 4, bytes[(place + 12)...].starts(with: Array("Xen\0".utf8)) {
          return true
        }
        place += 12 + (name + 3) / 4 * 4 + (description + 3) / 4 * 4
      }
    }
    return false
  }
}
