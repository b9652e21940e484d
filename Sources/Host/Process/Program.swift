/// A program that the host calls.
public struct Program: Sendable {
  public let name: String
  /// The Debian package that brings it.
  public let package: String
  /// What cannot be done without it; nil: the set-up.
  public let without: String?
  /// What has it say its version; nil: nothing does.
  public let versionOption: String?
  /// The first version that can do all that kdevlua asks of it, and what came with that one; nil: none is known to be too old.
  public let oldest: (version: String, brings: String)?
  /// Where it is, besides PATH.
  let places: [String]

  private init(
    _ name: String, in package: String, without: String? = nil, version: String? = "--version",
    oldest: (version: String, brings: String)? = nil, places: [String] = []
  ) {
    self.name = name
    self.package = package
    self.without = without
    versionOption = version
    self.oldest = oldest
    self.places = places
  }

  /// Where distributions have it, none of them in PATH: Debian 13 and newer, and Debian 12 with QEMU itself.
  static let virtiofsPlaces = ["/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd"]

  /// All of them, a line each, by name.
  public static let all: [Program] = [
    Program("apt-get", in: "apt", without: "no kernel or source of Debian's is fetched"),
    Program("bison", in: "bison", without: "no kernel builds"),
    Program("busybox", in: "busybox-static", version: "--help"),
    Program("bzip2", in: "bzip2", without: "no kernels and sources that bzip2 has packed"),
    Program("ccache", in: "ccache", without: "what was compiled before is compiled again"),
    Program("clang", in: "clang", without: "no kernel builds with LLVM=1"),
    Program("cpio", in: "cpio"),
    Program("curl", in: "curl", without: "no downloads, and no lab's servers"),
    Program("depmod", in: "kmod"),
    Program("distcc", in: "distcc", without: "no builds on other machines by distcc"),
    Program("dnsmasq", in: "dnsmasq-base", without: "no DHCP and DNS for guests"),
    Program("dpkg-deb", in: "dpkg", without: "no kernel of Debian's is unpacked"),
    Program("flex", in: "flex", without: "no kernel builds"),
    Program("gcc", in: "gcc", without: "no kernel builds"),
    Program("gdb", in: "gdb", without: "no kdevlua gdb"),
    Program("git", in: "git", without: "no sources from a repository"),
    Program("gzip", in: "gzip", without: "no kernels and sources that gzip has packed"),
    Program("icecc", in: "icecc", without: "no builds on other machines by icecc"),
    Program("ip", in: "iproute2", version: "-V"),
    Program("ld.lld", in: "lld", without: "no kernel builds with LLVM=1"),
    Program("llvm-ar", in: "llvm", without: "no kernel builds with LLVM=1"),
    Program("llvm-nm", in: "llvm", without: "no kernel builds with LLVM=1"),
    Program("llvm-objcopy", in: "llvm", without: "no kernel builds with LLVM=1"),
    Program("llvm-objdump", in: "llvm", without: "no kernel builds with LLVM=1"),
    Program("llvm-readelf", in: "llvm", without: "no kernel builds with LLVM=1"),
    Program("llvm-strip", in: "llvm", without: "no kernel builds with LLVM=1"),
    Program("lz4", in: "lz4", without: "no kernels that lz4 has packed"),
    Program("lzop", in: "lzop", without: "no kernels that lzop has packed"),
    Program("make", in: "make", without: "no kernel builds"),
    Program("mke2fs", in: "e2fsprogs", without: "no Debian guests are made", version: "-V"),
    Program("mmdebstrap", in: "mmdebstrap", without: "no Debian guests are made"),
    Program("modinfo", in: "kmod", without: "no modules are reloaded"),
    Program("modprobe", in: "kmod"),
    Program("nft", in: "nftables", without: "guests of a bridge do not get out"),
    Program("passt", in: "passt", without: "no user networking by passt"),
    Program("qemu-img", in: "qemu-utils"),
    Program(
      "qemu-system-x86_64", in: "qemu-system-x86", oldest: ("7.2", "cables between guests (kdev.net.link)")),
    Program("scp", in: "openssh-client", without: "no files are copied to other machines", version: nil),
    Program("setpriv", in: "util-linux", without: "no network in a namespace by sudo"),
    Program(
      "setsid", in: "util-linux",
      without: "no browser is opened, no folder shared by virtiofs, and nobody notes when consoles say what"),
    Program("sha256sum", in: "coreutils"),
    Program("sha512sum", in: "coreutils", without: "no downloads that are checked by it"),
    Program("ssh", in: "openssh-client", without: "no kdevlua ssh, and no other machines", version: "-V"),
    Program("ssh-keygen", in: "openssh-client", without: "no kdevlua ssh", version: nil),
    Program("sudo", in: "sudo", without: "who is not root makes no taps and bridges"),
    Program("sysctl", in: "procps", without: "guests of a bridge do not get out"),
    Program("tar", in: "tar", without: "no folders are copied into guests"),
    Program(
      "virtiofsd", in: "virtiofsd", without: "no folder shared by virtiofs", places: virtiofsPlaces),
    Program("xdg-open", in: "xdg-utils", without: "no browser is opened"),
    Program("xorriso", in: "xorriso", without: "no ISO is made"),
    Program("xz", in: "xz-utils", without: "no kernels, modules and sources that xz has packed"),
    Program("zstd", in: "zstd", without: "no kernels, modules and sources that zstd has packed"),
  ]
}
