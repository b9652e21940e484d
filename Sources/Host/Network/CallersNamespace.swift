import Glibc

/// The network namespace that a program runs in without having asked for one (network_namespaces(7)).
enum CallersNamespace {
  /// Its number, as `readlink /proc/self/ns/net` shows it.
  static let own = number(of: "/proc/self/ns/net")

  /// Whether the namespace of a number is there: a program runs in it, or it has a name. To a user who may not see where others'
  /// programs run it is.
  static func exists(_ number: UInt64) -> Bool {
    if name(of: number) != nil { return true }
    for process in (try? Files.list("/proc")) ?? [] where process.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
      if let found = Self.number(of: "/proc/\(process)/ns/net") {
        if found == number { return true }
      } else if errno == EACCES, geteuid() != 0 {
        return true
      }
    }
    return false
  }

  /// What ip-netns(8) calls it, when it has a name.
  static func name(of number: UInt64) -> String? {
    ((try? Files.list(LocalHost.namespaces)) ?? []).first {
      Self.number(of: LocalHost.namespaces + "/" + $0) == number
    }
  }

  private static func number(of path: String) -> UInt64? {
    var status = stat()
    return stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
  }
}

extension JournalEntry {
  /// It is in the network namespace of a caller, and not in this one's: nothing of it can be seen or changed from here.
  var isElsewhere: Bool {
    guard let callersNamespace, let own = CallersNamespace.own, callersNamespace != own,
      boot == (try? Journal.bootID())
    else { return false }
    return switch resource {
    case .tap(_, _, nil), .bridge(_, _, nil), .tapSettings(_, _, nil, _, _, _), .nameService(_, _, nil),
      .masquerade(_, nil), .forwarding(nil):
      true
    // Without the namespace that it came from, an interface goes to where whoever asks for it is.
    case .movedLink: CallersNamespace.exists(callersNamespace)
    default: false
    }
  }

  /// Its namespace is no more, and all that was in it.
  var isOfNoNamespace: Bool { isElsewhere && !(callersNamespace.map(CallersNamespace.exists) ?? true) }

  /// The error of undoing it from here.
  var notHere: HostError {
    let name = callersNamespace.flatMap(CallersNamespace.name)
    return HostError(
      .conflict, "\(resource.title) stays: it is in another network namespace, \(name ?? "which has no name")",
      hint: name.map { "there: sudo ip netns exec \($0) kdevlua down" }
        ?? "there: sudo nsenter --net=/proc/PID/ns/net kdevlua down, with a program of it, which lsns -t net shows")
  }
}
