extension FragmentMerge {
  /// Writes the job on one line: `{"description":...,"fragments":[...],"job":{...}}`, keys sorted, dates as ISO text, keys
  /// that are no texts as their own JSON.
  /// - Parameters:
  ///   - output: where to write; on an error it holds what it held before.
  ///   - folder: what paths are relative to, those in `teuthology.fragments_dropped` too; nil leaves them as they are.
  /// - Throws: `ObjectTextError` when the job cannot be written.
  public func appendJSON(to output: inout ByteBuffer, relativeTo folder: String? = nil) throws(ObjectTextError) {
    let start = output.count
    heap.work = 0
    if let folder { shortenDropped(folder) }
    output.append("{\"description\":")
    heap.texts.appendJSON(context.description.id, to: &output)
    output.append(",\"fragments\":[")
    for (place, number) in jobFragments.enumerated() {
      if place > 0 { output.append(UInt8(ascii: ",")) }
      appendPath(number, folder, &output)
    }
    output.append("],\"job\":")
    do throws(ObjectTextError) {
      try ObjectJSONWriter(heap: heap, at: start).write(context.yaml, to: &output)
    } catch {
      output.truncate(to: start)
      throw error
    }
    output.append("}\n")
  }

  /// Writes an object as JSON on one line, keys sorted.
  /// - Throws: `ObjectTextError` when it cannot be written.
  public func appendJSON(_ object: Object, to output: inout ByteBuffer) throws(ObjectTextError) {
    try ObjectJSONWriter(heap: heap, at: output.count).write(object, to: &output)
  }

  private func appendPath(_ number: Int32, _ folder: String?, _ output: inout ByteBuffer) {
    if shownFolder != folder {
      shownFolder = folder
      shownPaths = [:]
    }
    if let known = shownPaths[number] { return known.withUnsafeBufferPointer { output.append($0) } }
    let start = output.count
    let path = path(number)
    output.appendQuoted(folder.map { relative(path, to: $0) } ?? path)
    output.withBytes { shownPaths[number] = Array($0[start...]) }
  }

  /// Makes the paths in `teuthology.fragments_dropped` relative to a folder, where they are below it.
  public func shortenDropped(_ folder: String) {
    guard let section = heap.value(context.yaml, for: "teuthology"), section.tag == .dict,
      let list = heap.value(section, for: "fragments_dropped"), list.tag == .list
    else { return }
    let own = heap.own(list)
    for place in 0..<heap.count(own) {
      guard let path = heap.string(of: heap.item(own, at: place)) else { continue }
      heap.set(heap.text(relative(path, to: folder)), in: own, at: place)
    }
  }

  private func relative(_ path: String, to folder: String) -> String {
    path.utf8.starts(with: folder.utf8) && path.utf8.dropFirst(folder.utf8.count).first == UInt8(ascii: "/")
      ? String(decoding: path.utf8.dropFirst(folder.utf8.count + 1), as: UTF8.self) : path
  }
}
