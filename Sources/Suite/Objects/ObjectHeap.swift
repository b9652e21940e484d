/// The objects of a merge: what Python keeps as lists and dicts, with its rules for who shares what.
///
/// There are two spaces. **Templates** are what fragments' files say; they never change. **Live** nodes are what scripts
/// see and merges change. A live node may refer to templates; such a reference stands for the copy that Python's
/// deepcopy makes of the fragment for each job, and the copy is made when somebody asks for the node to change it or to
/// hold it (`own`), once for each job, however many references there are. So a job costs what its scripts touch and
/// its keys, not what its fragments say.
///
/// A job's nodes end with the job (`endJob`). What stays is what the roots hold, chiefly the base configuration, which
/// scripts can change for all later jobs.
public final class ObjectHeap {
  let texts = TextTable()
  private let templates: UnsafeMutablePointer<NodeSpace>
  private let live: UnsafeMutablePointer<NodeSpace>

  /// For each template node the job that owns a copy of it, and the copy.
  private var copies: UnsafeMutablePointer<(job: UInt32, node: UInt32)>
  private var copiesCapacity = 1024
  /// For each fragment's file the job in which a node of it was copied.
  private var touched: [UInt32] = []
  private(set) var job: UInt32 = 1

  private var textMark = TextTable.Mark()
  private var liveMark = NodeSpace.Mark()
  /// What outlives jobs.
  private var roots: [Object] = []
  private var rootsChanged = false
  /// How often something that outlives jobs was changed.
  private(set) var rootChanges = 0

  /// How deep anything may nest. Fragments may nest by 200 levels; what goes through objects has to end on a thread with a
  /// small stack.
  public static let depthLimit = 240

  /// Items moved, compared and written since it was last set to 0: what scripts can make large by small means.
  ///
  /// Who goes through an object stops as soon as there were too many, with whatever result; who asked looks at `excess`
  /// before using it.
  public var work = 0
  /// So much work takes less than a second; a script of a real suite does some hundreds.
  public var workLimit = 10_000_000
  /// Bytes that the nodes and texts of one job may take.
  public var memoryLimit = 512 << 20
  /// For each template node its JSON, when it is the same for all jobs.
  var jsonOfTemplate: [UInt32: (start: UnsafePointer<UInt8>, count: Int)] = [:]
  let jsonStorage = Bump()

  /// An empty heap.
  public init() {
    templates = .allocate(capacity: 1)
    templates.initialize(to: NodeSpace())
    live = .allocate(capacity: 1)
    live.initialize(to: NodeSpace())
    copies = .allocate(capacity: copiesCapacity)
    copies.initialize(repeating: (0, 0), count: copiesCapacity)
  }

  deinit {
    for space in [templates, live] {
      space.pointee.free()
      space.deinitialize(count: 1)
      space.deallocate()
    }
    copies.deallocate()
  }

  /// Whether the job holds more than it may.
  public var isFull: Bool { used > memoryLimit }

  private var used: Int {
    live.pointee.storage.used + live.pointee.count * MemoryLayout<ObjectNode>.stride + texts.used
  }

  /// Whether there is room for so many more items.
  public func hasRoom(for items: Int) -> Bool { used + items * MemoryLayout<Object>.stride <= memoryLimit }

  /// What is used up.
  public enum Excess: Sendable { case work, memory }

  /// What the job, or whatever set `work` to 0, has used up; nil when it may go on.
  public var excess: Excess? { work > workLimit ? .work : isFull ? .memory : nil }

  // MARK: Texts

  /// The object of a text.
  public func text(_ string: String) -> Object { .text(texts.intern(string)) }
  /// The object of a text in UTF-8, which it must be.
  public func text(_ bytes: UnsafeBufferPointer<UInt8>) -> Object { .text(texts.intern(bytes)) }
  /// The object of a text that is there already; nil when no object has it, so no key can be it.
  public func existingText(_ bytes: UnsafeBufferPointer<UInt8>) -> Object? { texts.find(bytes).map { .text($0) } }
  /// The UTF-8 of a text, the bytes of a binary, or the digits or ISO form of what is kept as text; until the job ends.
  public func bytes(of object: Object) -> UnsafeBufferPointer<UInt8> { texts[object.id] }
  /// The same as a string; nil for an object that is no text.
  public func string(of object: Object) -> String? { object.tag == .text ? texts.string(object.id) : nil }

  // MARK: Nodes

  /// The node to read: its copy in this job when it has one.
  func node(_ object: Object) -> UnsafeMutablePointer<ObjectNode> { node(id: object.id) }

  func node(id: UInt32) -> UnsafeMutablePointer<ObjectNode> {
    guard id & Object.templateBit != 0 else { return live.pointee.nodes + Int(id) }
    let template = Int(id & ~Object.templateBit)
    let copy = copies[template]
    return copy.job == job ? live.pointee.nodes + Int(copy.node) : templates.pointee.nodes + template
  }

  /// What tells it from other nodes without copying it.
  func identity(_ object: Object) -> UInt32 {
    guard object.id & Object.templateBit != 0 else { return object.id }
    let copy = copies[Int(object.id & ~Object.templateBit)]
    return copy.job == job ? copy.node : object.id
  }

  /// The same object as a live one, which may be changed and be held: of a template, its copy in this job.
  public func own(_ object: Object) -> Object {
    guard object.isContainer, object.id & Object.templateBit != 0 else { return object }
    let template = Int(object.id & ~Object.templateBit)
    if copies[template].job == job { return .node(object.tag, copies[template].node) }
    let source = templates.pointee.nodes + template
    let copy = makeNode(object.tag, capacity: Int(source.pointee.count))
    fill(copy, from: source)
    copies[template] = (job, copy.id)
    touched[Int(source.pointee.file)] = job
    return copy
  }

  /// Whether a node of the file is copied in this job, so that JSON of its templates may not hold.
  func isTouched(_ file: UInt32) -> Bool { touched[Int(file)] == job }

  /// How many items it has, or pairs.
  public func count(_ object: Object) -> Int { Int(node(object).pointee.count) }

  func makeNode(_ tag: Object.Tag, capacity: Int) -> Object {
    work += 1
    return .node(tag, live.pointee.add(tag, capacity: capacity, file: 0))
  }

  func makeTemplate(_ tag: Object.Tag, capacity: Int, file: UInt32) -> Object {
    let id = templates.pointee.add(tag, capacity: capacity, file: file)
    if Int(id) >= copiesCapacity {
      let larger = UnsafeMutablePointer<(job: UInt32, node: UInt32)>.allocate(capacity: copiesCapacity * 2)
      larger.initialize(repeating: (0, 0), count: copiesCapacity * 2)
      larger.update(from: copies, count: copiesCapacity)
      copies.deallocate()
      copies = larger
      copiesCapacity *= 2
    }
    return .node(tag, id | Object.templateBit)
  }

  /// A number for the templates of one more file.
  func addFile() -> UInt32 {
    touched.append(0)
    return UInt32(touched.count - 1)
  }

  /// Grows the room of a node. Called through `reserve`.
  func grow(_ object: Object, to capacity: Int) {
    if object.id & Object.templateBit != 0 {
      templates.pointee.grow(Int(object.id & ~Object.templateBit), to: capacity)
    } else {
      live.pointee.grow(Int(object.id), to: capacity)
    }
  }

  /// A place in memory for an index of so many entries.
  func allocateIndex(_ size: Int, for object: Object) -> UnsafeMutablePointer<UInt32> {
    let storage = object.id & Object.templateBit != 0 ? templates.pointee.storage : live.pointee.storage
    return storage.allocate(bytes: size * 4).assumingMemoryBound(to: UInt32.self)
  }

  /// To be called before a live node changes.
  func willChange(_ object: Object) {
    if object.id < liveMark.count {
      rootsChanged = true
      rootChanges += 1
    }
  }

  private func fill(_ copy: Object, from source: UnsafeMutablePointer<ObjectNode>) {
    let target = live.pointee.nodes + Int(copy.id)
    let items = Int(source.pointee.count) * (copy.tag == .dict ? 2 : 1)
    target.pointee.items.update(from: source.pointee.items, count: items)
    target.pointee.count = source.pointee.count
    if copy.tag == .dict { reindex(copy) }
    work += items
  }

  // MARK: Jobs

  /// Declares what is to outlive jobs: these objects, with all they hold. To be called once, before the first job.
  /// - Returns: the objects as they are known from now on.
  func setRoots(_ objects: [Object]) -> [Object] {
    roots = objects
    keepRoots()
    setMarks()
    return roots
  }

  /// What was made until now outlives the job that begins.
  func beginJob() { setMarks() }

  /// Keeps the texts of this job, as something was read in it that outlives it.
  func keepTexts() { rootsChanged = true }

  /// Whether the job changed what outlives it.
  var changedRoots: Bool { rootsChanged }

  /// Forgets all that the job made, save what it put into the roots.
  func endJob() {
    if rootsChanged {
      keepRoots()
      rootsChanged = false
    } else {
      live.pointee.reset(to: liveMark)
      texts.reset(to: textMark)
    }
    job &+= 1
  }

  private func setMarks() {
    textMark = texts.setMark()
    liveMark = live.pointee.mark
  }

  /// Copies what the roots hold into fresh memory, sharing kept, and drops all else. Roots come first there, so from
  /// the second time on they keep their numbers.
  private func keepRoots() {
    var fresh = NodeSpace()
    let old = live.pointee
    var moved: [UInt32: UInt32] = [:]
    var waiting: [(from: UnsafeMutablePointer<ObjectNode>, to: UInt32)] = []
    func move(_ object: Object) -> Object {
      guard object.isContainer else { return object }
      let identity = identity(object)
      if let id = moved[identity] { return .node(object.tag, id) }
      let source = node(object)
      let id = fresh.add(object.tag, capacity: Int(source.pointee.count), file: 0)
      moved[identity] = id
      waiting.append((source, id))
      return .node(object.tag, id)
    }
    roots = roots.map(move)
    while let (source, id) = waiting.popLast() {
      let items = Int(source.pointee.count) * (source.pointee.tag == .dict ? 2 : 1)
      for place in 0..<items {
        let item = move(source.pointee.items[place])
        fresh.nodes[Int(id)].items[place] = item
      }
      fresh.nodes[Int(id)].count = source.pointee.count
    }
    live.pointee = fresh
    old.free()
    for id in 0..<live.pointee.count where live.pointee.nodes[id].tag == .dict { reindex(.node(.dict, UInt32(id))) }
  }
}

/// Nodes and their items.
struct NodeSpace {
  private(set) var nodes: UnsafeMutablePointer<ObjectNode>
  private(set) var count = 0
  private var capacity = 256
  let storage = Bump()

  init() { nodes = .allocate(capacity: capacity) }

  func free() { nodes.deallocate() }

  struct Mark {
    var count = 0
    fileprivate var storage = Bump.Mark()
  }

  var mark: Mark { Mark(count: count, storage: storage.mark) }

  mutating func reset(to mark: Mark) {
    count = mark.count
    storage.reset(to: mark.storage)
  }

  mutating func add(_ tag: Object.Tag, capacity room: Int, file: UInt32) -> UInt32 {
    if count == capacity {
      let larger = UnsafeMutablePointer<ObjectNode>.allocate(capacity: capacity * 2)
      larger.moveInitialize(from: nodes, count: count)
      nodes.deallocate()
      nodes = larger
      capacity *= 2
    }
    let items = storage.allocate(bytes: room * (tag == .dict ? 2 : 1) * MemoryLayout<Object>.stride)
    (nodes + count).initialize(
      to: ObjectNode(
        items: items.assumingMemoryBound(to: Object.self), index: nil, count: 0, capacity: UInt32(room), file: file,
        mask: 0, tag: tag))
    count += 1
    return UInt32(count - 1)
  }

  mutating func grow(_ id: Int, to room: Int) {
    let node = nodes + id
    let width = node.pointee.tag == .dict ? 2 : 1
    let items = storage.allocate(bytes: room * width * MemoryLayout<Object>.stride).assumingMemoryBound(to: Object.self)
    items.update(from: node.pointee.items, count: Int(node.pointee.count) * width)
    node.pointee.items = items
    node.pointee.capacity = UInt32(room)
  }
}
