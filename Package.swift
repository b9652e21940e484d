// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

// Where jobs are merged: that no two accesses to a variable overlap is checked by the tests, which are debug builds, and not once
// more each time, which is a thirtieth of a plan.
let merging =
  swift + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

// At a fixed address: 50,000 relocations less. And with the archive of libstdc++, which scripts/link has the linker take.
// Each is about a sixth of the start of an empty script.
let optimized: [LinkerSetting] = [
  .unsafeFlags(
    ["-Xclang-linker", "-no-pie", "-Xclang-linker", "-static-libgcc", "-L\(Context.packageDirectory)/scripts/link"],
    .when(configuration: .release))
]

let package = Package(
  name: "kdevlua",
  products: [.executable(name: "kdevlua", targets: ["kdevlua"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    // Without its default trait, which brings all of Foundation into the binary.
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: [
    // The system's libraries.
    .systemLibrary(name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
    .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),

    // Lua, from the C border up to the scheduler.
    .target(name: "CLuaBoundary", dependencies: ["CLua"]),
    .target(name: "LuaKit", dependencies: ["CLua", "CLuaBoundary"], swiftSettings: swift),
    .target(name: "LuaRuntime", dependencies: ["LuaKit", "CLua", "CLuaBoundary"], swiftSettings: swift),

    // Lua's grammar, for those who look at scripts without running them.
    .target(name: "LuaSyntax", swiftSettings: swift),

    // Fragments and their merge.
    .target(name: "Suite", dependencies: ["CYaml", "LuaSyntax"], swiftSettings: merging),

    // The scripts of fragments, in Lua.
    .target(
      name: "SuiteScripts", dependencies: ["Suite", "LuaKit", "CLua", "CLuaBoundary"], swiftSettings: merging),

    // The machine, without a word of Lua.
    .target(name: "CHost"),
    .target(name: "TerminalText", dependencies: ["CHost"], swiftSettings: swift),
    .target(
      name: "Host",
      dependencies: [
        "CHost", "TerminalText",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOWebSocket", package: "swift-nio"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: swift),

    // From a suite to the lab's queue.
    .target(name: "Scheduling", dependencies: ["Host", "Suite", "SuiteScripts"], swiftSettings: swift),

    // Keys in, text and drawing out; no terminal and no language.
    .target(name: "LineEditor", dependencies: ["TerminalText"], swiftSettings: swift),

    // stdlib/ and the *.d.lua files, embedded; C because #embed takes a second where SwiftPM's resources take minutes.
    .target(name: "CStdlib"),

    // What Lua sees.
    .target(
      name: "Modules",
      dependencies: [
        "LuaKit", "LuaRuntime", "LuaSyntax", "Host", "Suite", "SuiteScripts", "Scheduling", "CStdlib", "LineEditor",
        "TerminalText",
      ],
      // The types beside each module are embedded by CStdlib.
      exclude: [
        "kdev.d.lua", "CLI/cli.d.lua", "Disk/disk.d.lua", "Env/env.d.lua", "FS/fs.d.lua", "Glob/glob.d.lua",
        "HostFacts/host.d.lua", "JSON/json.d.lua",
        "Kernel/kernel.d.lua", "Log/log.d.lua", "Merge/merge.d.lua", "Net/net.d.lua", "Path/path.d.lua",
        "Proc/proc.d.lua", "Sandbox/sandbox.d.lua", "Task/task.d.lua", "Teuthology/teuthology.d.lua", "Time/time.d.lua",
        "Transaction/transaction.d.lua", "UI/ui.d.lua", "VM/vm.d.lua",
        "VNC/vnc.d.lua", "YAML/yaml.d.lua",
      ],
      swiftSettings: swift),

    .executableTarget(
      name: "kdevlua",
      dependencies: [
        "Modules", "LuaKit", "LuaRuntime", "Host", "LineEditor", "Suite", "SuiteScripts", "Scheduling", "TerminalText",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swift,
      linkerSettings: optimized),

    // What scripts/bench runs; no product, so that nothing else builds it.
    .target(name: "Baseline", dependencies: ["CLua"], path: "Tests/Benchmarks/Baseline"),
    .executableTarget(
      name: "benchmarks",
      dependencies: ["Baseline", "CLua", "Host", "LuaKit", "LuaRuntime", "Modules"],
      path: "Tests/Benchmarks/Main",
      swiftSettings: swift,
      linkerSettings: optimized),

    .executableTarget(
      name: "fuzz", dependencies: ["LuaKit", "LuaRuntime"], path: "Tests/Fuzz", swiftSettings: swift),
    .executableTarget(
      name: "suite-fuzz", dependencies: ["Suite", "SuiteScripts"], path: "Tests/SuiteFuzz", swiftSettings: swift),
    .testTarget(name: "LuaKitTests", dependencies: ["LuaKit"], swiftSettings: swift),
    .testTarget(name: "LuaRuntimeTests", dependencies: ["LuaKit", "LuaRuntime"], swiftSettings: swift),
    .testTarget(name: "TerminalTextTests", dependencies: ["TerminalText"], swiftSettings: swift),
    .testTarget(name: "LineEditorTests", dependencies: ["LineEditor", "TerminalText"], swiftSettings: swift),
    .testTarget(name: "LuaSyntaxTests", dependencies: ["LuaSyntax", "LuaKit"], swiftSettings: swift),
    .testTarget(name: "SuiteTests", dependencies: ["Suite"], swiftSettings: swift),
    .testTarget(name: "SuiteScriptsTests", dependencies: ["SuiteScripts", "Suite"], swiftSettings: swift),
    .testTarget(
      name: "HostTests",
      dependencies: [
        "Host", .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOEmbedded", package: "swift-nio"),
      ],
      exclude: ["Consoles"], swiftSettings: swift),
    .testTarget(
      name: "ModulesTests",
      dependencies: ["Modules", "Host", "LuaRuntime", "LuaKit", "LuaSyntax", "LineEditor", "TerminalText", "CStdlib"],
      swiftSettings: swift),
  ]
)

// The sanitizers are for what lies between Swift and C; to build the rest of the house under them takes many minutes.
if let sanitizer = Context.environment["KDEVLUA_SANITIZE"] {
  var part = ["CLua", "CLuaBoundary", "LuaKit", "LuaRuntime", "fuzz", "LuaKitTests", "LuaRuntimeTests"]
  // Objects in memory of their own, and libyaml; on one thread each.
  if sanitizer == "address" {
    part += ["CYaml", "LuaSyntax", "Suite", "SuiteScripts", "suite-fuzz", "SuiteTests", "SuiteScriptsTests"]
  }
  package.products = []
  package.targets.removeAll { !part.contains($0.name) }
}
