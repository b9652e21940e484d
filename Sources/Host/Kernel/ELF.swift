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
}
