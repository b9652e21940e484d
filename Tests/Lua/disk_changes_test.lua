-- kdev.disk: what changes images, on real ones.
local test <const> = require "testing"
local kdev <const> = require "kdev"
local run <const> = kdev.proc.run

-- Writes a byte over a part of an image, past kdevlua.
local function fill(disk, byte, offset, length)
  run { "qemu-io", "-f", disk.format, "-c", ("write -P %d %s %s"):format(byte, offset, length), disk.path }
end

-- Whether that part holds nothing but the byte.
local function holds(disk, byte, offset, length)
  local out <const> = run { "qemu-io", "-f", disk.format, "-r", "-c",
    ("read -P %d %s %s"):format(byte, offset, length), disk.path, check = false }.stdout
  return not out:find("verification failed", 1, true)
end

local function sum(path) return run({ "sha256sum", path }).stdout end

-- Two images: one full of 1, and an overlay with 2 in a part.
local function pair(name)
  local base <const> = kdev.disk.create { path = "./" .. name .. "-base.qcow2", size = "8M" }
  fill(base, 1, 0, "8M")
  local overlay <const> = kdev.disk.overlay { path = "./" .. name .. ".qcow2", backing = base }
  fill(overlay, 2, "1M", "1M")
  return base, overlay
end

-- A QEMU that has an image open.
local function machine(disk, name)
  local qemu <const> = kdev.proc.spawn { "qemu-system-x86_64", "-name", name, "-machine", "none", "-display", "none",
    "-S", "-drive", "if=none,format=qcow2,file=" .. disk.path }
  kdev.task.timeout(30, function()
    while pcall(kdev.disk.info, disk.path) do kdev.task.sleep(0.02) end
  end)
  return qemu
end

test("a chain is told of from the top, with what each image has", function()
  local base <const>, overlay <const> = pair "chain"
  local top <const> = kdev.disk.overlay { path = "./chain-top.qcow2", backing = overlay, size = "16M", relative = true }
  local chain <const> = top:chain()
  test.equal({ chain[1].path, chain[2].path, chain[3].path }, { top.path, overlay.path, base.path })
  test.equal({ chain[1].size, chain[1].backing, chain[1].backing_stored, chain[1].backing_format },
    { 16 << 20, overlay.path, "./chain.qcow2", "qcow2" })
  test.equal(chain[2].backing_stored, base.path)
  test.equal(chain[3].used > 8 << 20, true)
end)

test("images with relative paths are moved together", function()
  kdev.fs.mkdir "moved/a"
  local base <const> = kdev.disk.create { path = "moved/base.raw", size = "1M", format = "raw" }
  local over <const> = kdev.disk.overlay { path = "moved/a/over.qcow2", backing = base, relative = true }
  test.equal(over:info().backing_stored, "../base.raw")
  kdev.fs.rename("moved", "elsewhere")
  test.equal(kdev.disk.info("elsewhere/a/over.qcow2"):chain()[2].path, kdev.fs.absolute "elsewhere/base.raw")
end)

test("an overlay with another size or another format below is not taken over", function()
  local base <const> = kdev.disk.create { path = "./adopt.raw", size = "1M", format = "raw" }
  kdev.disk.overlay { path = "./adopt.qcow2", backing = base, size = "2M" }
  kdev.disk.overlay { path = "./adopt.qcow2", backing = base, size = "2M" }
  test.fails("it is qcow2, 2M, over", kdev.disk.overlay, { path = "./adopt.qcow2", backing = base })
  local wrong <const> = kdev.disk.info("./adopt.raw", { format = "raw" })
  run { "qemu-img", "rebase", "-u", "-b", base.path, "-F", "vmdk", "adopt.qcow2" }
  test.fails("(vmdk), wanted is", kdev.disk.overlay, { path = "./adopt.qcow2", backing = wrong, size = "2M" })
end)

test("commit brings an overlay into its base, and empties it", function()
  local base <const>, overlay <const> = pair "commit"
  local used <const> = overlay:info().used
  overlay:commit()
  test.equal(holds(base, 2, "1M", "1M") and holds(base, 1, "2M", "6M") and holds(overlay, 2, "1M", "1M"), true)
  test.equal(overlay:info().used < used, true)
  test.equal(overlay.backing, base.path)
  fill(overlay, 3, 0, "1M")
  overlay:commit { in_place = true, keep = true }
  test.equal(holds(base, 3, 0, "1M") and overlay:info().used >= 1 << 20, true)
  test.equal(test.fails("has no backing file", base.commit, base).kind, "invalid")
end)

test("what other overlays stand on is changed only by force", function()
  local base <const>, overlay <const> = pair "other"
  local second <const> = kdev.disk.overlay { path = "./other2.qcow2", backing = base }
  for _, change in ipairs {
    function() overlay:commit() end, function() base:resize { size = "16M" } end,
    function() base:snapshot "s" base:restore "s" end,
  } do
    local err <const> = test.fails("other2.qcow2", change)
    test.equal(err.kind, "conflict")
  end
  test.equal(holds(base, 1, 0, "8M"), true)
  overlay:commit { force = true }
  test.equal(holds(second, 2, "1M", "1M"), true)
end)

test("rebase keeps what the guest sees", function()
  local base <const>, overlay <const> = pair "rebase"
  local other <const> = kdev.disk.create { path = "./rebase-new.raw", size = "8M", format = "raw" }
  overlay:rebase { backing = other }
  test.equal(overlay.backing, other.path)
  test.equal(holds(overlay, 1, 0, "1M") and holds(overlay, 2, "1M", "1M") and holds(overlay, 1, "2M", "6M"), true)
  -- The old base is free.
  base:resize { size = "16M" }
  overlay:rebase()
  test.equal({ overlay.backing, overlay:info().backing }, {})
  test.equal(holds(overlay, 2, "1M", "1M") and holds(overlay, 1, "2M", "6M"), true)
  local top <const> = kdev.disk.overlay { path = "./rebase-top.qcow2", backing = overlay }
  test.equal(test.fails("stands on", overlay.rebase, overlay, { backing = top }).kind, "invalid")
  test.equal(test.fails("raw image", other.rebase, other, { backing = top }).kind, "invalid")
end)

test("a backing file that was moved is named, and is found again by an unsafe rebase", function()
  local base <const>, overlay <const> = pair "lost"
  kdev.fs.rename(base.path, "lost-away.qcow2")
  for _, look in ipairs { overlay.chain, overlay.commit, overlay.rebase, overlay.compare } do
    local err <const> = test.fails("the backing file " .. base.path .. " of " .. overlay.path .. " does not exist",
      look, overlay, look == overlay.compare and overlay or nil)
    test.equal({ err.kind, err.hint:find("unsafe = true", 1, true) ~= nil }, { "missing", true })
  end
  overlay:rebase { backing = kdev.disk.info "./lost-away.qcow2", unsafe = true }
  test.equal(holds(overlay, 2, "1M", "1M") and holds(overlay, 1, "2M", "6M"), true)
end)

test("a disk grows, and shrinks only when asked", function()
  local base <const> = kdev.disk.create { path = "./size.qcow2", size = "8M" }
  fill(base, 1, 0, "8M")
  base:resize { size = "1G" }
  test.equal({ base.size, kdev.disk.info("./size.qcow2").size }, { 1 << 30, 1 << 30 })
  local before <const> = sum "size.qcow2"
  local err <const> = test.fails("has 1G, and 4M would cut off its end", base.resize, base, { size = "4M" })
  test.equal({ err.kind, sum "size.qcow2" == before }, { "invalid", true })
  base:resize { size = "4M", shrink = true }
  test.equal({ base.size, base:check().outcome, holds(base, 1, 0, "4M") }, { 4 << 20, "ok", true })
  local raw <const> = kdev.disk.create { path = "./size.raw", size = "1M", format = "raw" }
  raw:resize { size = "2M" }
  test.equal(kdev.fs.size "size.raw", 2 << 20)
end)

test("convert makes a whole copy, compressed or of a snapshot, and never over another file", function()
  local base <const>, overlay <const> = pair "convert"
  overlay:snapshot "early"
  fill(overlay, 9, 0, "1M")
  local raw <const> = overlay:convert { path = "./convert.raw", format = "raw" }
  test.equal({ raw.format, raw.backing, kdev.fs.size "convert.raw" }, { "raw", nil, 8 << 20 })
  test.equal({ overlay:compare(raw) }, { true })
  local early <const> = overlay:convert { path = "./early.qcow2", snapshot = "early", compress = true }
  test.equal({ early:compare(overlay) }, { false, "Content mismatch at offset 0!" })
  test.equal(holds(early, 1, 0, "1M") and early:info().used < 1 << 20, true)
  test.equal(test.fails("is there already", base.convert, base, { path = "./early.qcow2" }).kind, "busy")
  base:convert { path = "./early.qcow2", replace = true }
  test.equal({ base:compare(kdev.disk.info "./early.qcow2") }, { true })
  test.fails("onto itself", base.convert, base, { path = base.path, replace = true })
  test.fails("cannot be compressed", base.convert, base, { path = "./x.raw", format = "raw", compress = true })
  local vmdk <const> = base:convert { path = "./convert.vmdk", format = "vmdk" }
  test.equal({ vmdk.format, (vmdk:compare(base)) }, { "vmdk", true })
end)

test("snapshots are made, listed, gone back to and forgotten", function()
  local _ <const>, overlay <const> = pair "snap"
  test.equal(#overlay:snapshots(), 0)
  overlay:snapshot "before"
  fill(overlay, 7, 0, "4M")
  overlay:snapshot "after"
  local list <const> = overlay:snapshots()
  test.equal({ list[1].name, list[2].name, list[1].machine_state }, { "before", "after", 0 })
  test.equal(math.abs(list[1].date - os.time()) < 60, true)
  test.equal(test.fails("already", overlay.snapshot, overlay, "after").kind, "busy")
  test.equal(test.fails("not a number", overlay.snapshot, overlay, "12").kind, "invalid")
  overlay:restore "before"
  test.equal(holds(overlay, 2, "1M", "1M") and holds(overlay, 1, 0, "1M"), true)
  local err <const> = test.fails('has no snapshot "none"', overlay.restore, overlay, "none")
  test.equal({ err.kind, err.hint }, { "missing", "it has: before, after" })
  overlay:delete_snapshot "after"
  test.equal(#overlay:snapshots(), 1)
  local raw <const> = kdev.disk.create { path = "./snap.raw", size = "1M", format = "raw" }
  test.equal(test.fails("only qcow2 images keep snapshots", raw.snapshot, raw, "a").kind, "invalid")
end)

test("a check tells good, leaking, corrupt and unchecked images apart, and mends them", function()
  local base <const> = pair "check"
  test.equal({ base:check().outcome, base:check().corruptions }, { "ok", 0 })
  local raw <const> = kdev.disk.create { path = "./check.raw", size = "1M", format = "raw" }
  test.equal(raw:check().outcome, "unsupported")
  -- A reference to a cluster that nothing points at: its count, in the refcount block, is 16 bits big-endian.
  local bytes <const> = kdev.fs.read(base.path)
  local table_at <const> = (">I8"):unpack(bytes, 49)
  local block_at <const> = (">I8"):unpack(bytes, table_at + 1)
  local clusters <const> = #bytes // 65536
  local at <const> = block_at + 2 * clusters
  kdev.fs.write("leak.qcow2", bytes:sub(1, at) .. "\0\1" .. bytes:sub(at + 3) .. ("\0"):rep(65536))
  local leak <const> = kdev.disk.info "./leak.qcow2"
  test.equal({ leak:check().outcome, leak:check().leaks }, { "leaks", 1 })
  test.equal({ leak:check({ repair = "leaks" }).leaks_fixed, leak:check().outcome }, { 1, "ok" })
  kdev.fs.write("cut.qcow2", bytes:sub(1, 5 * 65536))
  local cut <const> = kdev.disk.info "./cut.qcow2"
  local found <const> = cut:check()
  test.equal({ found.outcome, found.corruptions > 0 }, { "corrupt", true })
  test.contains(found.text, "ERROR")
  local before <const> = sum "cut.qcow2"
  local ok <const>, err <const> = pcall(cut.check, cut, { repair = "all" })
  -- Mended as a whole, or left as it was.
  test.equal(ok and cut:check().outcome == "ok" or err.kind == "system" and sum "cut.qcow2" == before, true)
end)

test("an image that is cut off in its head, or is none, is an error and stays", function()
  kdev.fs.write("junk.qcow2", "QFI\xfbjunk")
  local err <const> = test.fails("could not look at the disk", kdev.disk.info, "./junk.qcow2", { format = "qcow2" })
  test.equal(err.kind, "command")
  test.fails("could not look at the disk", kdev.disk.create, { path = "./junk.qcow2", size = "1M" })
  kdev.fs.write("short.qcow2", "QFI")
  test.equal(test.fails("it is raw", kdev.disk.create, { path = "./short.qcow2", size = "1M" }).kind, "conflict")
  test.equal(kdev.fs.read "junk.qcow2", "QFI\xfbjunk")
end)

test("a disk of a running machine is refused with that machine's name, and so is what is below it", function()
  local base <const>, overlay <const> = pair "used"
  local other <const> = kdev.disk.overlay { path = "./used2.qcow2", backing = base }
  local qemu <close> = machine(overlay, "worker") -- luacheck: ignore qemu
  test.contains(test.fails("in use by the machine worker (process", kdev.disk.info, overlay.path).hint, "kdevlua ps")
  test.equal(kdev.disk.info(overlay.path, { in_use = true }).size, 8 << 20)
  test.equal(#overlay:chain(), 2)
  for _, change in ipairs {
    function() overlay:commit() end, function() overlay:rebase() end, function() overlay:resize { size = "1G" } end,
    function() overlay:snapshot "s" end, function() overlay:convert { path = "./used.raw", format = "raw" } end,
    function() overlay:check() end,
  } do
    test.equal(test.fails("in use by the machine worker", change).kind, "busy")
  end
  for _, change in ipairs {
    function() base:resize { size = "1G", force = true } end, function() base:snapshot "s" end,
    function() other:commit { force = true } end, function() other:commit { in_place = true, force = true } end,
  } do
    local err <const> = test.fails("used-base.qcow2 is below a disk of the machine worker", change)
    test.equal(err.kind, "busy")
  end
  test.equal(kdev.fs.exists "used.raw", false)
  test.equal(kdev.disk.info(base.path, { in_use = true }).size, 8 << 20)
end)

test("a raw disk of a running machine is refused, too", function()
  local disk <const> = kdev.disk.create { path = "./used.raw", size = "1M", format = "raw" }
  local qemu <close> = kdev.proc.spawn { -- luacheck: ignore qemu
    "qemu-system-x86_64", "-name", "raw", "-display", "none", "-S", "-drive", "if=virtio,format=raw,file=" .. disk.path,
  }
  kdev.task.timeout(30, function()
    while pcall(kdev.disk.info, disk.path) do kdev.task.sleep(0.02) end
  end)
  test.equal(test.fails("in use by the machine raw (process", kdev.disk.info, disk.path).kind, "busy")
  test.equal(kdev.disk.info(disk.path, { in_use = true }).format, "raw")
end)

test("looking at a disk keeps nobody from starting on it or changing it", function()
  local disk <const> = kdev.disk.create { path = "./looked-at.qcow2", size = "1M" }
  local looks = 0
  local lookers <const> = {}
  for place = 1, 4 do
    lookers[place] = kdev.task.spawn(function()
      while true do
        pcall(kdev.disk.info, disk.path)
        looks = looks + 1
      end
    end)
  end
  local line <const> = '{"execute":"qmp_capabilities"}{"execute":"quit"}'
  for place = 1, 20 do
    disk:resize { size = 1 + place .. "M" }
    local result <const> = run { "qemu-system-x86_64", "-machine", "none", "-display", "none", "-S", "-qmp", "stdio",
      "-drive", "if=none,format=qcow2,file=" .. disk.path, stdin = line, check = false }
    test.equal({ result.status, result.stderr }, { 0, "" })
  end
  for _, looker in ipairs(lookers) do looker:cancel() end
  test.equal(looks > 20, true)
end)

test("a temporary disk is gone with its scope, also when that is left by an error", function()
  local base <const> = kdev.disk.create { path = "./temporary.qcow2", size = "8M" }
  local seen <const> = {}
  pcall(function()
    local scratch <close> = kdev.disk.temporary { size = "1G" }
    local raw <close> = kdev.disk.temporary { size = "1M", format = "raw", folder = "." }
    local over <close> = kdev.disk.temporary { backing = base }
    local kept <close> = base
    for i, disk in ipairs { scratch, raw, over } do
      seen[i] = disk.path
      test.equal(kdev.fs.exists(disk.path), true)
    end
    test.equal({ over.backing, over.size, kept.path }, { base.path, 8 << 20, base.path })
    error "out"
  end)
  test.equal(#seen, 3)
  for _, path in ipairs(seen) do test.equal(kdev.fs.exists(path), false) end
  test.equal(kdev.fs.exists(base.path), true)
  test.fails("needs a size or a backing file", function() kdev.disk.temporary { format = "raw" } end)
  test.fails("a raw image has no backing file", kdev.disk.temporary, { backing = base, format = "raw" })
end)

test("a long copy that is cancelled leaves nothing behind", function()
  local base <const> = kdev.disk.create { path = "./long.qcow2", size = "256M" }
  fill(base, 1, 0, "200M")
  local slow <const> = kdev.task.spawn(function()
    base:convert { path = "./long-copy.qcow2", compress = true }
  end)
  kdev.task.timeout(30, function()
    while #kdev.glob.list "long-copy.qcow2.*.partial" == 0 do kdev.task.sleep(0.005) end
  end)
  slow:cancel()
  test.equal((pcall(slow.await, slow)), false)
  test.equal(#kdev.glob.list "long-copy*", 0)
  test.equal(base:check().outcome, "ok")
end)

test("a full file system is an error that leaves the images as they were", function()
  if run({ "id", "-u" }).stdout ~= "0\n" then return print "skip: mounting a small file system needs root" end
  kdev.fs.mkdir "small"
  run { "mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", "small" }
  local mounted <close> = setmetatable({}, { __close = function() run { "umount", "small" } end }) -- luacheck: ignore
  local base <const> = kdev.disk.create { path = "small/base.qcow2", size = "64M" }
  fill(base, 1, 0, "3M")
  local overlay <const> = kdev.disk.overlay { path = "./full.qcow2", backing = base }
  fill(overlay, 2, "1M", "8M")
  local before <const> = { sum "small/base.qcow2", sum "full.qcow2" }
  for _, change in ipairs {
    function() overlay:commit() end,
    function() overlay:convert { path = "small/copy.raw", format = "raw" } end,
  } do
    local err <const> = test.fails("No space left on device", change)
    test.equal(err.kind, "command")
    test.contains(err.hint, "df -h")
  end
  test.equal({ sum "small/base.qcow2", sum "full.qcow2" }, before)
  test.equal(kdev.fs.list "small", { "base.qcow2" })
  -- An overlay on the small one that would have to take in more than there is room for.
  local large <const> = kdev.disk.create { path = "./large.qcow2", size = "64M" }
  fill(large, 5, 0, "16M")
  local tight <const> = kdev.disk.overlay { path = "small/tight.qcow2", backing = large }
  test.fails("No space left on device", tight.rebase, tight)
  test.equal({ tight:info().backing, tight:compare(large), tight:check().outcome }, { large.path, true, "ok" })
end)

test.done()
