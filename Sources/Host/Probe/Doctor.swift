import Glibc

extension LocalHost {
  /// Looks at everything that the set-up needs, and changes nothing but the cache: programs, rights, what the host's kernel can
  /// do, accelerators, by a guest that is started under each, addresses, and what is left over.
  /// - Parameter scripts: of the default guest, for the guests that are started.
  public func examine(scripts: GuestScripts) async throws(HostError) -> [Finding] {
    var findings = try await examinePrograms()
    findings += examineFolders()
    let root: Capability =
      try await canBeRoot()
      ? .yes(isRoot ? "as root" : "by sudo") : .no("you are not root, and \(sudoTrouble)", hint: Self.rootHint)
    findings.append(Finding("root", root, otherwise: "no taps and bridges"))
    if root.works, !isRoot { findings += try await examineSudo() }
    findings.append(Finding("tap", try await probeTap(), otherwise: "guests get user networking"))
    let kernel = try await examineKernelOptions()
    var vhost = probeVhost()
    // No modprobe finds what the kernel does not have.
    if !vhost.works, let lacks = kernel.first(where: { $0.subject == "CONFIG_VHOST_NET" && $0.grade != .ok }) {
      vhost = .no(vhost.reason, hint: lacks.hint)
    }
    findings.append(Finding("vhost", vhost, otherwise: "packets go through QEMU"))
    findings += kernel
    findings.append(try await examineKernels())
    findings += try await examineAccelerators(scripts)
    findings += try await examineAddresses()
    return findings + (try await examineState())
  }

  /// What is left over, and what machines that run have lost.
  private func examineState() async throws(HostError) -> [Finding] {
    var findings: [Finding] = []
    do throws(HostError) {
      let left = try await leftovers()
      findings += left.map { Finding("leftover", .limited, "\($0.title), \($0.reason)", hint: "kdevlua gc") }
      let titles = Set(left.map(\.title))
      for thing in try await survey().things where thing.state == "gone" {
        guard let owner = thing.owner, !titles.contains("\(thing.kind) \(thing.name)") else { continue }
        findings.append(
          Finding(
            "network", .limited, "\(thing.kind) \(thing.name) of \(owner) is gone",
            hint: "run the set-up of \(owner) again, or kdevlua down \(owner)"))
      }
      for machine in try machines() where machine.processID != nil && hasLostPasst(machine.record.spec) {
        let name = machine.record.spec.name
        findings.append(
          Finding(
            "network", .limited, "the passt of the machine \(name) has ended, so its guest has no network",
            hint: "kdevlua down \(name), then run its set-up again"))
      }
    } catch {
      if error.code == .cancelled { throw error }
      findings.append(
        Finding(
          "leftover", .limited, ([error.message] + (error.detail.map { [$0] } ?? [])).joined(separator: ": "),
          hint: error.hint ?? "kdevlua ps tells what there is"))
    }
    return findings
  }

  /// What sudo does not allow, as with the rule of docs/how-to/run-without-root.md, which is for taps and bridges alone.
  private func examineSudo() async throws(HostError) -> [Finding] {
    let needs = [
      (["dnsmasq", "--conf-file=/"], "no DHCP and DNS for guests"),
      (["nft", "-f", "-"], "guests of a bridge do not get out"),
      (
        ["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"],
        "guests of a bridge get out only where packets are forwarded already"
      ),
      (["ip", "netns", "add", "kdevlua"], "no networks in namespaces"),
    ]
    var findings: [Finding] = []
    for (words, otherwise) in needs {
      guard let path = executables.find(words[0]) else { continue }
      let words = [path] + words.dropFirst()
      if try await run(.query(["sudo", "-n", "-l"] + words)).succeeded { continue }
      let name = words[1] == "netns" ? "ip netns" : Files.name(of: path)
      findings.append(Finding("root", .limited, "sudo does not allow \(name): \(otherwise)", hint: "sudo -v"))
    }
    return findings
  }

  /// The folders that kdevlua keeps things in.
  private func examineFolders() -> [Finding] {
    [("state", state.root, "KDEVLUA_STATE"), ("cache", state.cache, "KDEVLUA_CACHE")].map { subject, path, variable in
      var there = path
      while !Files.exists(there), there != "/" { there = Files.folder(of: there) }
      guard Files.isFolder(there), access(there, W_OK | X_OK) == 0 else {
        return Finding(
          subject, .broken, "\(path): you may not write in \(there)",
          hint: "export \(variable)=/var/tmp/\(variable)-$UID")
      }
      // What a machine's folder has the longest name of, of a machine with a name of some length.
      let socket = folder(ofMachine: "twelve-chars").serialAgent
      guard subject != "state" || socket.utf8.count <= longestSocketPath else {
        return Finding(
          subject, .broken,
          "\(path): too long for the sockets of machines, which have \(longestSocketPath) bytes at most",
          hint: "export \(variable)=/var/tmp/\(variable)-$UID")
      }
      return Finding(subject, .ok, path)
    }
  }

  private func examineKernels() async throws(HostError) -> Finding {
    if let kernel = installedKernel(drivers: ["9pnet_virtio"]) {
      return Finding("kernel", .ok, "\(kernel.release), \(kernel.path)")
    }
    let known = try await run(.query("apt-cache", "show", "--no-all-versions", "linux-image-amd64")).succeeded
    return known
      ? Finding("kernel", .ok, "none yet; Debian's is fetched into the cache by the first set-up")
      : Finding(
        "kernel", .broken, "none with 9p, and apt knows no linux-image-amd64", hint: "sudo apt-get update")
  }
}
