-- kdev.kernel: sources by git, archive and package; configuration and builds of a real kernel's source.
local test <const> = require "testing"
local kdev <const> = require "kdev"

local function git(...) return kdev.proc.run({ "git", ... }).stdout end

-- A repository that has what the top of a kernel's source has, and one file that its branches differ by.
local function repository(path, branches)
  git("init", "--quiet", "-b", "master", path)
  git("-C", path, "config", "user.name", "A")
  git("-C", path, "config", "user.email", "a@example.com")
  git("-C", path, "config", "uploadpack.allowFilter", "true")
  git("-C", path, "config", "uploadpack.allowAnySHA1InWant", "true")
  for _, name in ipairs { "Kbuild", "Kconfig" } do kdev.fs.write(path .. "/" .. name, "") end
  kdev.fs.write(path .. "/Makefile", "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 2\nEXTRAVERSION = -rc3\n")
  for _, branch in ipairs(branches) do
    if branch ~= "master" then git("-C", path, "checkout", "--quiet", "-b", branch) end
    kdev.fs.write(path .. "/branch", branch)
    git("-C", path, "add", ".")
    git("-C", path, "commit", "--quiet", "-m", branch)
    git("-C", path, "tag", "v-" .. branch)
  end
  git("-C", path, "checkout", "--quiet", "master")
  return "file://" .. kdev.fs.absolute(path)
end

local remotes <const> = {
  torvalds = repository("torvalds", { "master" }),
  ceph = repository("ceph", { "master", "testing" }),
}
local function branch_of(tree) return kdev.fs.read(tree.path .. "/branch") end

test("a source comes by git as documented, and again with what is new", function()
  local tree <const> = kdev.kernel.source { path = "linux", remotes = remotes }
  test.equal({ tree.path, tree.version }, { kdev.fs.absolute "linux", "6.1.2-rc3" })
  test.equal(branch_of(tree), "master")
  test.equal(git("-C", "linux", "remote"), "ceph\ntorvalds\n")
  test.equal(kdev.kernel.version(tree), "6.1.2-rc3")
  kdev.kernel.source { path = "linux", remotes = remotes, checkout = "ceph/testing" }
  test.equal(branch_of(tree), "testing")
  git("-C", "ceph", "checkout", "--quiet", "testing")
  kdev.fs.write("ceph/branch", "newer")
  git("-C", "ceph", "commit", "--quiet", "-a", "-m", "newer")
  kdev.kernel.source { path = "linux", remotes = remotes, checkout = "ceph/testing", fetch = false }
  test.equal(branch_of(tree), "testing")
  kdev.kernel.source { path = "linux", remotes = remotes, checkout = "ceph/testing" }
  test.equal(branch_of(tree), "newer")
end)

test("tags and commits are checked out, also from a part of the history", function()
  local shallow <const> = { path = "shallow", remotes = remotes, checkout = "ceph/testing", depth = 1, blobless = true }
  local tree <const> = kdev.kernel.source(shallow)
  test.equal({ branch_of(tree), git("-C", "shallow", "rev-list", "--count", "HEAD") }, { "newer", "1\n" })
  shallow.checkout = "v-testing"
  kdev.kernel.source(shallow)
  test.equal(branch_of(tree), "testing")
  shallow.checkout = git("-C", "torvalds", "rev-parse", "HEAD"):gsub("\n", "")
  kdev.kernel.source(shallow)
  test.equal(branch_of(tree), "master")
end)

test("worktrees hold several branches side by side", function()
  local one <const> = kdev.kernel.source { path = "linux", remotes = remotes, checkout = "torvalds/master" }
  local other <const> =
    kdev.kernel.source { path = "linux", remotes = remotes, checkout = "v-testing", worktree = "linux-testing" }
  test.equal({ branch_of(one), branch_of(other) }, { "master", "testing" })
  test.equal(other.path, kdev.fs.absolute "linux-testing")
  kdev.kernel.source { path = "linux", remotes = remotes, checkout = "torvalds/master", worktree = "linux-testing" }
  test.equal(branch_of(other), "master")
end)

test("what is there is not overwritten", function()
  local other <const> = { torvalds = remotes.ceph }
  local moved <const> = { path = "linux", remotes = other }
  test.equal(test.fails("is " .. remotes.torvalds, kdev.kernel.source, moved).kind, "conflict")
  kdev.fs.mkdir "folder"
  kdev.fs.write("folder/mine", "")
  test.equal(test.fails("it holds mine", kdev.kernel.source, { path = "folder", remotes = remotes }).kind, "conflict")
  local missing <const> = { path = "linux", remotes = remotes, checkout = "ceph/nonesuch" }
  test.equal(test.fails("ceph/nonesuch", kdev.kernel.source, missing).kind, "missing")
  test.equal(test.fails("is not the top", kdev.kernel.source, { path = "/etc" }).kind, "invalid")
  -- A change that nobody has committed stops the checkout.
  kdev.fs.write("linux/branch", "mine")
  local change <const> = { path = "linux", remotes = remotes, checkout = "ceph/testing" }
  test.equal(test.fails("would be overwritten", kdev.kernel.source, change).kind, "command")
  test.equal(kdev.fs.read "linux/branch", "mine")
end)

test("a repository that nothing could be fetched into is not left behind", function()
  local gone <const> = { torvalds = "file:///nowhere/linux" }
  local function fails(path)
    test.fails("could not fetch", kdev.kernel.source, { path = path, remotes = gone, checkout = "torvalds/master" })
  end
  fails "gone"
  test.equal(kdev.fs.exists "gone", false)
  kdev.fs.mkdir "empty"
  fails "empty"
  test.equal({ kdev.fs.is_dir "empty", kdev.fs.exists "empty/.git" }, { true, false })
  -- What came stays, though it is not all: the next one fetches the rest only.
  local some <const> = { ceph = gone.torvalds, torvalds = remotes.torvalds }
  test.fails("could not fetch", kdev.kernel.source, { path = "some", remotes = some, checkout = "v-none" })
  test.equal(git("-C", "some", "tag"), "v-master\n")
  -- One that was there before is nobody's to remove.
  git("init", "--quiet", "own")
  fails "own"
  test.equal(kdev.fs.is_dir "own/.git", true)
end)

test("fragments are ours, a team's, and a tree's own", function()
  local ours <const> = kdev.kernel.fragments()
  test.equal(table.concat(ours, " "), "ceph debug guest kasan kgdb lockdep xfs")
  kdev.fs.mkdir ".kdevlua/fragments/kernel"
  kdev.fs.write(".kdevlua/fragments/kernel/xfs_more.config", "")
  kdev.fs.mkdir "linux/kernel/configs"
  for _, name in ipairs { "kvm_guest.config", "debug.config", "README" } do
    kdev.fs.write("linux/kernel/configs/" .. name, "")
  end
  local all <const> = table.concat(kdev.kernel.fragments "linux", " ")
  test.equal(all, "ceph debug guest kasan kgdb kvm_guest lockdep xfs xfs_more")
  kdev.proc.run { "rm", "-r", ".kdevlua" }
end)

test("an archive is unpacked once", function()
  kdev.proc.run { "tar", "-cJf", "linux-6.1.tar.xz", "torvalds" }
  local tree <const> = kdev.kernel.source { archive = "linux-6.1.tar.xz", path = "unpacked" }
  kdev.fs.write(tree.path .. "/mine", "")
  test.equal(kdev.kernel.source({ archive = "linux-6.1.tar.xz", path = "unpacked" }).path, tree.path)
  test.equal(kdev.fs.exists(tree.path .. "/mine"), true)
  -- Also when the archive was moved, as with all of a cache that was copied elsewhere.
  kdev.fs.mkdir "elsewhere"
  kdev.proc.run { "cp", "-p", "linux-6.1.tar.xz", "elsewhere" }
  test.equal(kdev.kernel.source({ archive = "elsewhere/linux-6.1.tar.xz", path = "unpacked" }).path, tree.path)
  -- Another of that name is another one.
  kdev.proc.run { "touch", "elsewhere/linux-6.1.tar.xz" }
  local other <const> = { archive = "elsewhere/linux-6.1.tar.xz", path = "unpacked" }
  test.fails("was not unpacked from", kdev.kernel.source, other)
  local linux <const> = { archive = "linux-6.1.tar.xz", path = "linux" }
  test.equal(test.fails("was not unpacked from", kdev.kernel.source, linux).kind, "conflict")
  kdev.proc.run { "tar", "-cf", "wrong.tar", "linux-6.1.tar.xz" }
  test.fails("there is no archive", kdev.kernel.source, { archive = "linux-6.1.tar.xz.none", path = "b" })
  test.fails("is not the top", kdev.kernel.source, { archive = "wrong.tar", path = "b" })
  test.equal({ kdev.fs.exists "b", kdev.fs.exists ".partial-b" }, { false, false })
end)

-- From here on the real source.
local tree <const> = kdev.kernel.source { package = "linux-source-6.1" }
local output <const> = kdev.fs.absolute "build"
-- Compilations of all runs are kept beside it.
kdev.env.set("CCACHE_DIR", tree.path .. "/../ccache")

local function by_name(configuration)
  local options <const> = {}
  for _, option in ipairs(configuration.stuck) do options[option.name] = option end
  return options
end

local function configure(more)
  local options <const> = { tree = tree, output = output, base = "tinyconfig", fragments = { "guest" } }
  for name, value in pairs(more or {}) do options[name] = value end
  return kdev.kernel.configure(options)
end

test("a kernel is configured from a base and fragments, and again only when something changed", function()
  local made <const> = configure { fragments = { "guest", "ceph", "xfs", "debug" } }
  test.equal({ made.changed, made.path }, { true, output .. "/.config" })
  local config <const> = kdev.kernel.config(output)
  test.equal({ config.CEPH_FS, config.XFS_FS, config.FRAME_POINTER, config["9P_FS"] }, { "m", "y", "y", "y" })
  local stuck <const> = by_name(made)
  -- The document's whole list is set, with what the fragments set for it.
  test.equal(stuck, {})
  test.equal(configure({ fragments = { "guest", "ceph", "xfs", "debug" } }).changed, false)
end)

test("each option that did not stick is reported with the reason", function()
  local made <const> = configure {
    fragments = { "guest", "kvm_guest" },
    options = {
      NONESUCH = true, NR_CPUS = "m", LOG_BUF_SHIFT = 99, CEPH_FS_SECURITY_LABEL = true,
      NET_9P = false, FRAME_POINTER = true,
      ARCH_WANT_FRAME_POINTERS = true, KERNEL_LZ4 = true, PRINTK_TIME = "m", CEPH_FS = true, CEPH_LIB = "m",
      BUG = false,
    },
  }
  local stuck <const> = by_name(made)
  local reasons <const> = {}
  for name, option in pairs(stuck) do reasons[name] = option.reason end
  test.equal({
    reasons.NONESUCH, reasons.NR_CPUS, reasons.LOG_BUF_SHIFT, reasons.CEPH_FS_SECURITY_LABEL, reasons.S390_GUEST,
    reasons.FRAME_POINTER, reasons.ARCH_WANT_FRAME_POINTERS, reasons.PRINTK_TIME, reasons.DRM_VIRTIO_GPU,
    reasons.KERNEL_GZIP,
    reasons.CEPH_LIB, reasons.BUG,
  }, {
    "unknown", "type", "type", "depends", "unknown", "depends", "prompt", "type", "depends",
    "choice", "selected", "overridden",
  })
  test.contains(stuck.CEPH_LIB.text, "selected by CEPH_FS (y)")
  test.contains(stuck.KERNEL_GZIP.text, "KERNEL_LZ4 is y")
  test.contains(stuck.S390_GUEST.text, "it is one of s390")
  test.contains(stuck.LOG_BUF_SHIFT.text, "its range is 12 to 25")
  test.contains(stuck.FRAME_POINTER.text, "selected by UNWINDER_FRAME_POINTER")
  test.equal(stuck.CEPH_FS_SECURITY_LABEL.unmet[1].value, "n")
  test.equal({ stuck.NONESUCH.fragment, stuck.S390_GUEST.fragment }, { "options", "kvm_guest.config" })
end)

test("strict makes it an error and leaves the configuration as it was", function()
  local before <const> = kdev.fs.read(output .. "/.config")
  local wrong <const> = { strict = true, options = { NONESUCH = true, XFS_FS = true } }
  local err <const> = test.fails("did not stick", configure, wrong)
  test.equal(err.kind, "conflict")
  test.contains(err.stderr, "NONESUCH")
  test.equal(kdev.fs.read(output .. "/.config"), before)
  test.equal(test.fails("no fragment nonesuch", configure, { fragments = { "nonesuch" } }).kind, "missing")
end)

test("two configurations are compared by option", function()
  kdev.fs.write("a.config", 'CONFIG_A=y\nCONFIG_B=m\nCONFIG_C="x"\nCONFIG_N=8\n')
  kdev.fs.write("b.config", '# CONFIG_A is not set\nCONFIG_B=m\nCONFIG_C="y"\nCONFIG_N=8\n# CONFIG_D is not set\n')
  test.equal(kdev.kernel.config_diff("a.config", "b.config"), {
    { name = "A", a = "y", b = "n" }, { name = "C", a = "x", b = "y" },
  })
  test.equal(kdev.kernel.config "a.config", { A = "y", B = "m", C = "x", N = 8 })
end)

test("modules that are not loaded are left out", function()
  kdev.fs.write("lsmod", "Module Size Used by\nmd5 16384 0\n")
  local base <const> = { "CONFIG_MODULES=y", "CONFIG_CRYPTO=y", "CONFIG_CRYPTO_MD4=m", "CONFIG_CRYPTO_MD5=m", "" }
  kdev.fs.write("base.config", table.concat(base, "\n"))
  kdev.kernel.configure { tree = tree, output = output, base = "base.config", localmodconfig = "lsmod" }
  local config <const> = kdev.kernel.config(output)
  test.equal({ config.CRYPTO_MD5, config.CRYPTO_MD4 }, { "m", "n" })
end)

test("files are compiled, and nothing is done when there is nothing to do", function()
  configure { base = "tinyconfig", fragments = {} }
  local build <const> = { tree = tree, output = output, ccache = true, targets = { "lib/siphash.o", "lib/crc32.o" } }
  local first <const> = kdev.kernel.build(build)
  test.equal({ first.status, first.diagnostics, first.release }, { 0, {}, tree.version })
  test.contains(kdev.fs.read(first.log), "CC      lib/siphash.o")
  test.equal(kdev.kernel.build(build).steps, 0)
end)

test("a mistake in the source is reported with its place and its lines", function()
  -- The source itself stays clean: a file from outside is included.
  local wrong <const> = { KCFLAGS = "-include " .. kdev.fs.absolute "wrong.h" }
  kdev.fs.write("wrong.h", "static int nothing_uses_this;\nint wrong(void) { return nonesuch; }\n")
  local build <const> = { tree = tree, output = output, variables = wrong, targets = { "lib/siphash.o" } }
  local err <const> = test.fails("wrong.h:2:", kdev.kernel.build, build)
  test.equal(err.kind, "command")
  test.contains(err.stderr, "return nonesuch")
  test.contains(err, "build.log")
  build.check = false
  local result <const> = kdev.kernel.build(build)
  test.equal(result.status, 2)
  test.equal({ result.diagnostics[1].severity, result.diagnostics[1].line }, { "error", 2 })
end)

test("what cannot be built is said before make is called", function()
  test.equal(test.fails("has no .config", kdev.kernel.build, { tree = tree, output = "empty" }).kind, "missing")
  test.equal(test.fails("is no target", kdev.kernel.build, { tree = tree, targets = { "-k" } }).kind, "argument")
  local none <const> = { tree = tree, output = output, targets = { "x" } }
  local err <const> = test.fails("No rule to make target", kdev.kernel.build, none)
  test.equal(err.kind, "command")
end)

test.done()
