#!/usr/bin/env -S kdevlua run
-- Mounts the CephFS of a cluster in a guest with the kernel's client, as Ceph's page "Mount CephFS using Kernel Driver"
-- does: what `ceph config generate-minimal-conf`, `ceph fsid` and `ceph auth get-key` say goes to `mount -t ceph` in
-- the guest. For example, with a vstart cluster of this machine, and with one that is reached by ssh:
--   kdevlua run workflows/ceph_mount.lua --vm work --ceph ~/ceph/build/bin/ceph --conf ~/ceph/build/ceph.conf
--   kdevlua run workflows/ceph_mount.lua --vm work --ssh root@mon1 --user fs --path /volumes/a
-- The machine has to be one that reaches the cluster's monitors, and its kernel to have the module ceph: built in,
-- installed, or from kdev.kernel.initramfs(kernel, { modules = { "ceph" } }). Run again, it takes over what is mounted.
local kdev <const> = require "kdev"

local opt <const> = kdev.cli.options {
  about = "Mounts a cluster's CephFS in a guest.",
  { "vm", default = "work", help = "name of the running machine" },
  { "dir", default = "/mnt/cephfs", help = "where, in the guest; it is made" },
  { "path", default = "/", help = "the folder of the file system to mount" },
  { "fs", help = "the file system; default: the cluster's only one" },
  { "user", default = "admin", help = "the cephx user, without \"client.\"" },
  { "ssh", value = "HOST", help = "where ceph(1) is run; default: here" },
  { "ceph", value = "PATH", default = "ceph", help = "the program ceph there" },
  { "conf", value = "FILE", help = "its configuration; default: /etc/ceph/ceph.conf" },
  { "keyring", value = "FILE", help = "its keyring; default: what the configuration says" },
  { "options", help = "more options of the mount, as mount(8) takes them: noasyncreaddir,wsync" },
  { "timeout", value = "TIME", default = "60s", help = "how long the cluster and the mount may take" },
}

local function wrong(text)
  io.stderr:write("ceph_mount.lua: ", text, "\n")
  os.exit(2)
end

if opt.dir:sub(1, 1) ~= "/" then wrong("--dir " .. opt.dir .. " is not absolute") end
if opt.path:sub(1, 1) ~= "/" then wrong("--path " .. opt.path .. " is not absolute") end
if opt.user:find "^client%." then wrong("--user is without \"client.\": " .. opt.user:sub(8)) end

-- As a shell of the other host reads a word: ssh hands it one line.
local function quoted(word)
  return word:find "^[%w_./:=@%%+,-]+$" and word or "'" .. word:gsub("'", "'\\''") .. "'"
end

-- What ceph(1) prints.
local function ceph(...)
  local command = { opt.ceph, "--connect-timeout", "20" }
  if opt.conf then table.move({ "--conf", opt.conf }, 1, 2, #command + 1, command) end
  if opt.keyring then table.move({ "--keyring", opt.keyring }, 1, 2, #command + 1, command) end
  for _, word in ipairs { ... } do command[#command + 1] = word end
  if opt.ssh then
    local line <const> = {}
    for number, word in ipairs(command) do line[number] = quoted(word) end
    command = { "ssh", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=5", opt.ssh, table.concat(line, " ") }
  end
  command.query = true
  command.timeout = opt.timeout
  return (kdev.proc.run(command).stdout:gsub("%s+$", ""))
end

-- The monitors' addresses of a minimal configuration, as the kernel takes them: the legacy protocol by its port, the
-- second one, which Linux 5.11 and later know, as ms_mode. `mon_host = [v2:10.0.0.1:3300/0,v1:10.0.0.1:6789/0] ...`
local function monitors(conf)
  local text <const> = conf:match "mon[_ ]host%s*=%s*([^\n]+)"
  if not text then error("the cluster's minimal configuration has no mon_host:\n" .. conf, 0) end
  local v1 <const>, v2 <const> = {}, {}
  for version, address in text:gmatch "(v[12]):(%[?[%x:.]-%]?:%d+)/%d+" do
    local list <const> = version == "v1" and v1 or v2
    list[#list + 1] = address
  end
  if #v1 == 0 and #v2 == 0 then
    -- Without protocols: the addresses alone, or with ports.
    for address in text:gmatch "[^,%s]+" do v1[#v1 + 1] = address:gsub("/%d+$", "") end
  end
  if #v1 > 0 then return table.concat(v1, "/"), nil end
  return table.concat(v2, "/"), "prefer-crc"
end

local vm <const> = kdev.vm.get(opt.vm)

-- A line of /proc/mounts: what, where, kind (fstab(5)).
for place in vm:exec({ "cat", "/proc/mounts" }).stdout:gmatch "%S+ (%S+) ceph " do
  if place == opt.dir then
    print("mounted  " .. opt.dir .. " in " .. opt.vm .. ", as it was")
    return
  end
end

local fsid, addresses, mode, secret
kdev.ui.step("the cluster", function()
  local conf <const> = ceph("config", "generate-minimal-conf")
  fsid = ceph "fsid"
  addresses, mode = monitors(conf)
  secret = ceph("auth", "get-key", "client." .. opt.user)
end)

-- "mount -t ceph": in words that the kernel itself understands since Linux 5.17, so that the guest needs no mount.ceph.
-- Older ones take the addresses as the device.
local major <const>, minor <const> = vm.release:match "^(%d+)%.(%d+)"
local words = { "name=" .. opt.user, "secret=" .. secret }
if mode then words[#words + 1] = "ms_mode=" .. mode end
if opt.options then words[#words + 1] = opt.options end
local device
if tonumber(major) * 1000 + tonumber(minor) >= 5017 then
  local fs = opt.fs
  if not fs then
    local list <const> = kdev.json.decode(ceph("fs", "ls", "--format", "json"))
    if #list ~= 1 then error(("the cluster has %d file systems; name one: --fs"):format(#list), 0) end
    fs = list[1].name
  end
  device = ("%s@%s.%s=%s"):format(opt.user, fsid, fs, opt.path)
  words[#words + 1] = "mon_addr=" .. addresses
  table.remove(words, 1)
else
  device = addresses:gsub("/", ",") .. ":" .. opt.path
  if opt.fs then words[#words + 1] = "mds_namespace=" .. opt.fs end
end
kdev.ui.step("mount CephFS in the guest", function()
  if vm:exec({ "modprobe", "ceph", check = false }).status ~= 0
    and not vm:exec({ "cat", "/proc/filesystems" }).stdout:find "%f[%w]ceph%f[\n]" then
    error(("the guest's kernel %s has no module ceph; kdev.kernel.initramfs(kernel, { modules = { \"ceph\" } }) "
      .. "brings it"):format(vm.release), 0)
  end
  vm:exec { "mkdir", "-p", opt.dir }
  -- The secret goes by the standard input of a shell, so that no trace of kdevlua has it.
  local result <const> = vm:exec {
    "sh", "-c", 'read -r words && exec mount -i -t ceph -o "$words" "$1" "$2"', "sh", device, opt.dir,
    stdin = table.concat(words, ",") .. "\n", timeout = opt.timeout, check = false,
  }
  if result.status ~= 0 then
    local said <const> = {}
    for line in vm:dmesg():gmatch "[^\n]+" do if line:find "ceph" then said[#said + 1] = line end end
    error(("the guest cannot mount %s: %s%s"):format(device, result.stderr,
      table.concat(said, "\n", math.max(1, #said - 4))), 0)
  end
end)
print("mounted  " .. opt.dir .. " in " .. opt.vm)
print("cluster  " .. fsid .. " at " .. addresses)
