import Glibc

extension LocalHost {
  /// Whether a tap device can be made and opened by a QEMU of the calling user.
  public func probeTap() async throws(HostError) -> Capability {
    guard Files.exists("/dev/net/tun") else { return .no("there is no /dev/net/tun", hint: "sudo modprobe tun") }
    guard executables.find("ip") != nil else {
      return .no("the program ip is not installed", hint: "sudo apt-get install iproute2")
    }
    guard access("/dev/net/tun", R_OK | W_OK) == 0 else {
      return .no("you may not open /dev/net/tun", hint: "sudo chmod 0666 /dev/net/tun")
    }
    guard try await canBeRoot() else {
      return .no(
        "making a tap needs root, and \(sudoTrouble)", hint: Self.rootHint)
    }
    return .yes(isRoot ? "as root" : "by sudo")
  }

  /// Whether a tap can have its packets moved by the host's kernel. QEMU 7.2 aborts when `vhost=on` cannot be had.
  public func probeVhost() -> Capability {
    guard Files.exists("/dev/vhost-net") else {
      return .no("there is no /dev/vhost-net", hint: "sudo modprobe vhost_net")
    }
    guard access("/dev/vhost-net", R_OK | W_OK) == 0 else {
      return .no("you may not open /dev/vhost-net", hint: "sudo usermod -aG kvm \"$USER\", then log in again")
    }
    return .yes("/dev/vhost-net")
  }
}
