import ArgumentParser
import Glibc

/// The program. Each subcommand has a file of its own, and none of them more than the wiring.
@main struct KDevLua: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kdevlua",
    abstract: "The scriptable runtime for kernel development: disks, networks, QEMU and kernels from Lua 5.4.",
    discussion: "The documented set-up: kdevlua run setup.lua. What it made: kdevlua ps. Its end: kdevlua down.",
    version: "0.1.0",
    subcommands: [Run.self, Eval.self, Repl.self, PS.self, Exec.self, Down.self, Doctor.self])
}
