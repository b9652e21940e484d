extension LocalHost {
  /// The programs that kdevlua calls, by name, each with whether it is there.
  public func probePrograms() -> [(name: String, capability: Capability)] {
    Executables.packages.sorted { $0.key < $1.key }.map { name, package in
      if let path = executables.find(name) { return (name, .yes(path)) }
      return (name, .no("the program \(name) is not installed", hint: "sudo apt-get install \(package)"))
    }
  }
}
