import Glibc
import Testing

@testable import Host

@Suite struct DescriptorTests {
  @Test func moreThanAPipeHoldsIsWrittenWholeThoughItDoesNotBlock() async {
    var ends: [Int32] = [-1, -1]
    #expect(pipe(&ends) == 0)
    let (reader, writer) = (ends[0], ends[1])
    _ = fcntl(writer, F_SETFL, O_NONBLOCK)
    let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
    let reading = Task.detached {
      var all: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 10_000)
      while case let count = read(reader, &buffer, buffer.count), count > 0 { all += buffer[..<count] }
      return all
    }
    #expect(Descriptor.write(bytes, to: writer) == 0)
    close(writer)
    #expect(await reading.value == bytes)
    close(reader)
  }

  @Test func theErrorThatEndsItIsTold() {
    #expect(Descriptor.write("text", to: -1) == EBADF)
    #expect(Descriptor.write("", to: -1) == 0)
  }
}
