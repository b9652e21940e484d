-- kdev.fs: folders and whole trees; single files are in proc_test.lua.
local test <const> = require "testing"
local kdev <const> = require "kdev"
local fs <const> = kdev.fs

local exe <const> = fs.absolute "/proc/self/exe"

test("a folder is listed and told from a file", function()
  fs.mkdir("l/b")
  fs.write("l/a", "12345")
  fs.write("l/.c", "")
  test.equal({ fs.list "l", fs.is_dir "l", fs.is_dir "l/a", fs.is_dir "no" },
    { { ".c", "a", "b" }, true, false, false })
  test.equal(fs.size "l/a", 5)
  test.equal(test.fails("could not list no: No such file", fs.list, "no").kind, "missing")
  test.equal(test.fails("could not read the size of no: No such file", fs.size, "no").kind, "missing")
end)

test("a file is copied with its mode, over one that is there", function()
  fs.write("from", "new")
  fs.write("to", "old")
  kdev.proc.run { "chmod", "750", "from" }
  fs.copy("from", "to")
  test.equal(fs.read "to", "new")
  test.equal(kdev.proc.run({ "stat", "-c", "%a", "to", query = true }).stdout, "750\n")
  test.equal(test.fails("it does not exist", fs.copy, "no", "to").kind, "missing")
  test.equal(test.fails("it is a folder", fs.copy, "l", "to").kind, "invalid")
  test.equal(test.fails("could not copy from: cp ended", fs.copy, "from", "l").kind, "command")
end)

test("a rename takes the place of what is there", function()
  fs.rename("from", "to2")
  fs.rename("to2", "to")
  test.equal({ fs.exists "from", fs.exists "to2", fs.read "to" }, { false, false, "new" })
  test.equal(test.fails("could not rename no to x: No such file", fs.rename, "no", "x").kind, "missing")
end)

test("a tree is removed and links in it are not followed", function()
  fs.mkdir("t/a/b")
  fs.mkdir("kept")
  fs.write("kept/file", "x")
  fs.write("t/a/b/c", "x")
  for _, place in ipairs { "t/a/link", "t/link", "toplink" } do
    kdev.proc.run { "ln", "-s", fs.absolute "kept", place }
  end
  fs.remove_tree("t/")
  fs.remove_tree("toplink/")
  fs.remove_tree("nosuch")
  test.equal({ fs.exists "t", fs.exists "toplink", fs.read "kept/file" }, { false, false, "x" })
end)

test("the root, the home folder and what it is in are never removed", function()
  fs.mkdir("above/home/below")
  fs.write("rm.lua", "require('kdev').fs.remove_tree(arg[1])")
  local home <const> = fs.absolute "above/home"
  kdev.proc.run { "ln", "-s", fs.absolute "above", "link" }
  local env <const> = { HOME = home, KDEVLUA_CACHE = "cache" }
  for _, path in ipairs { "/", "//", "", ".", "..", "above/home/.", "above/home", "above//home/", "above", "link/home",
    "/." } do
    local done <const> = kdev.proc.run { exe, "run", "rm.lua", path, env = env, check = false }
    test.contains(done.stderr, "refused to remove")
    test.equal(done.status, 1)
  end
  test.equal(fs.is_dir "above/home/below", true)
  kdev.proc.run { exe, "run", "rm.lua", "above/home/below", env = env }
  test.equal(fs.list "above/home", {})
end)

test("a dry run says what would change as lines for a shell", function()
  fs.write("dry.lua", [[
    local fs <const> = require("kdev").fs
    fs.copy("no such", "b")
    fs.rename("b", "c")
    fs.remove_tree("l/")
  ]])
  local done <const> = kdev.proc.run { exe, "run", "--dry-run", "dry.lua" }
  test.equal({ done.stdout, fs.exists "l" },
    { "cp --preserve=mode -T -- 'no such' b\nmv -T -- b c\nrm -rf -- l\n", true })
end)

test("a file is appended to, and made when it is not there", function()
  fs.append("log", "a\n")
  fs.append("log", "b\0\n")
  test.equal(fs.read "log", "a\nb\0\n")
  test.equal(test.fails("could not write no/log", fs.append, "no/log", "").kind, "missing")
end)

test("stat tells what stat(1) tells", function()
  fs.write("s", "12345", { mode = "640" })
  local status <const> = fs.stat "s"
  local said <const> = kdev.proc.run { "stat", "-c", "%s %a %u %g %h %.9Y", "s", query = true }
  local words <const>, modified <const> = said.stdout:match "^(.*) (%S+)\n$"
  test.equal(("%d %o %d %d %d"):format(status.size, status.mode, status.user, status.group, status.links), words)
  -- A number of Lua has a little less than the nanoseconds.
  assert(math.abs(status.modified - tonumber(modified)) < 1e-5, modified)
  test.equal({ status.type, fs.stat(".").type, fs.stat("/dev/null").type }, { "file", "directory", "character" })
  test.equal({ fs.is_file "s", fs.is_file ".", fs.is_file "no" }, { true, false, false })
  test.equal(test.fails("could not look at no: No such file", fs.stat, "no").kind, "missing")
end)

test("modes are octal digits or numbers", function()
  fs.chmod("s", "755")
  test.equal(fs.stat("s").mode, tonumber("755", 8))
  fs.chmod("s", 384)
  test.equal(("%o"):format(fs.stat("s").mode), "600")
  fs.write("s", "#!/bin/sh\n", { mode = "777" })
  test.equal(("%o"):format(fs.stat("s").mode), "777")
  for _, wrong in ipairs { "rwx", "8", "10000", -1, 4096, 1.5 } do
    test.equal(test.fails("octal digits", fs.chmod, "s", wrong).kind, "argument")
    test.fails("field 'mode': a mode expected", fs.write, "s", "", { mode = wrong == 1.5 and "x" or wrong })
  end
  test.equal(test.fails("could not change the mode of no", fs.chmod, "no", "755").kind, "missing")
end)

test("links are made and read, and told from what they point at", function()
  fs.symlink("s", "sl")
  test.equal({ fs.readlink "sl", fs.stat("sl").type }, { "s", "file" })
  test.equal(fs.stat("sl", { follow = false }).type, "link")
  test.equal(test.fails("could not make the link sl: File exists", fs.symlink, "x", "sl").kind, "busy")
  test.equal(test.fails("s is not a symbolic link", fs.readlink, "s").kind, "invalid")
  test.equal(test.fails("could not read the link no", fs.readlink, "no").kind, "missing")
end)

local function walked(...)
  local list <const> = {}
  for path, type in fs.walk(...) do list[#list + 1] = path .. ":" .. type end
  return table.concat(list, " ")
end

test("a walk tells of everything once, folders before what is in them, and follows no link", function()
  fs.mkdir "w/b/c"
  fs.mkdir "w/.git"
  for _, name in ipairs { "w/z", "w/b/c/y", "w/.git/x", "w/a" } do fs.write(name, "") end
  fs.symlink("..", "w/b/up")
  test.equal(walked "w", "w/.git:directory w/.git/x:file w/a:file w/b:directory w/b/c:directory w/b/c/y:file "
    .. "w/b/up:link w/z:file")
  test.equal(walked("w/", { hidden = false, depth = 2 }), "w/a:file w/b:directory w/b/c:directory w/b/up:link w/z:file")
  test.equal(walked("w/b/c", { depth = 1 }), "w/b/c/y:file")
  test.equal(test.fails("could not list no", fs.walk, "no").kind, "missing")
  test.fails("field 'depth'", fs.walk, "w", { depth = 0 })
end)

test("a walk may remove what it is told of", function()
  for path, type in fs.walk "w" do
    if type == "directory" and path == "w/b" then fs.remove_tree(path) end
  end
  test.equal(walked "w", "w/.git:directory w/.git/x:file w/a:file w/z:file")
end)

test("a tree is copied with links and modes", function()
  fs.mkdir "tree/inner"
  fs.write("tree/inner/run", "", { mode = "750" })
  fs.symlink("inner", "tree/link")
  fs.copy_tree("tree", "copy")
  test.equal(walked "copy", "copy/inner:directory copy/inner/run:file copy/link:link")
  test.equal(("%o"):format(fs.stat("copy/inner/run").mode), "750")
  test.equal(test.fails("copy is there already", fs.copy_tree, "tree", "copy").kind, "busy")
  test.equal(test.fails("it is not a folder", fs.copy_tree, "s", "copy2").kind, "invalid")
  test.equal(test.fails("it does not exist", fs.copy_tree, "no", "copy2").kind, "missing")
end)

test("a move goes to another file system, too", function()
  local other <const> = "/dev/shm/kdevlua-move-" .. fs.stat("s").modified
  fs.write("m", "moved")
  fs.move("m", other)
  test.equal({ fs.exists "m", fs.read(other) }, { false, "moved" })
  fs.move(other, "m")
  test.equal({ fs.exists(other), fs.read "m" }, { false, "moved" })
  test.equal(test.fails("could not move no: it does not exist", fs.move, "no", "x").kind, "missing")
end)

test("a temporary folder is gone with its block, with all in it", function()
  local path
  do
    local folder <close> = fs.temporary_folder { folder = "." }
    path = folder.path
    fs.mkdir(path .. "/a/b")
    fs.write(path .. "/a/c", "")
    test.equal({ ("%o"):format(fs.stat(path).mode), fs.absolute "." .. "/" .. folder.name }, { "700", path })
  end
  test.equal(fs.exists(path), false)
end)

test("kdevlua down removes the temporary folder of one that was killed", function()
  fs.write("killed.lua", [[
    local folder <close> = require("kdev").fs.temporary_folder { folder = "." }
    io.write(folder.path, "\n")
    io.flush()
    os.execute("kill -9 $PPID")
  ]])
  local path <const> = kdev.proc.run({ exe, "run", "killed.lua", check = false }).stdout:match "[^\n]+"
  test.equal(fs.is_dir(path), true)
  kdev.proc.run { exe, "down" }
  test.equal(fs.exists(path), false)
end)

test("in a dry run nothing of it is done, and all of it is printed", function()
  fs.write("dry.lua", [[
    local fs <const> = require("kdev").fs
    fs.append("d1", "x") fs.chmod("d1", "700") fs.symlink("a", "d2") fs.move("m", "d3") fs.copy_tree("tree", "d4")
    local folder <close> = fs.temporary_folder { folder = "." }
  ]])
  local lines <const> = kdev.proc.run({ exe, "run", "--dry-run", "dry.lua", check = false })
  for _, line in ipairs {
    "tee -a d1", "chmod 700 d1", "ln -sT -- a d2", "mv -T -- m d3", "cp --archive -T -- tree d4",
  } do
    test.contains(lines.stdout, line .. "\n")
  end
  for _, name in ipairs { "d1", "d2", "d3", "d4" } do test.equal({ name, fs.exists(name) }, { name, false }) end
end)

test.done()
