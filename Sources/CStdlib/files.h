// Made by scripts/embed.
EMBED(f1) = {
#embed "../../stdlib/fragments/kernel/ceph.config"
};
EMBED(f2) = {
#embed "../../stdlib/fragments/kernel/debug.config"
};
EMBED(f3) = {
#embed "../../stdlib/fragments/kernel/guest.config"
};
EMBED(f4) = {
#embed "../../stdlib/fragments/kernel/kasan.config"
};
EMBED(f5) = {
#embed "../../stdlib/fragments/kernel/kgdb.config"
};
EMBED(f6) = {
#embed "../../stdlib/fragments/kernel/lockdep.config"
};
EMBED(f7) = {
#embed "../../stdlib/fragments/kernel/xfs.config"
};
EMBED(f8) = {
#embed "../../stdlib/fragments/setup/00-defaults.yaml"
};
EMBED(f9) = {
#embed "../../stdlib/fragments/setup/accel/10-kvm.yaml"
};
EMBED(f10) = {
#embed "../../stdlib/fragments/setup/accel/20-tcg.yaml"
};
EMBED(f11) = {
#embed "../../stdlib/fragments/setup/net/10-tap.yaml"
};
EMBED(f12) = {
#embed "../../stdlib/fragments/setup/net/20-user.yaml"
};
EMBED(f13) = {
#embed "../../stdlib/fragments/setup/vhost/10-on.yaml"
};
EMBED(f14) = {
#embed "../../stdlib/fragments/setup/vhost/20-off.yaml"
};
EMBED(f15) = {
#embed "../../stdlib/guest/agent"
};
EMBED(f16) = {
#embed "../../stdlib/guest/debian/dpkg.cfg"
};
EMBED(f17) = {
#embed "../../stdlib/guest/debian/finish"
};
EMBED(f18) = {
#embed "../../stdlib/guest/debian/init"
};
EMBED(f19) = {
#embed "../../stdlib/guest/debian/packages"
};
EMBED(f20) = {
#embed "../../stdlib/guest/debian/prepare"
};
EMBED(f21) = {
#embed "../../stdlib/guest/dhcp"
};
EMBED(f22) = {
#embed "../../stdlib/guest/freeze"
};
EMBED(f23) = {
#embed "../../stdlib/guest/init"
};
EMBED(f24) = {
#embed "../../stdlib/guest/later"
};
EMBED(f25) = {
#embed "../../stdlib/guest/modules"
};
EMBED(f26) = {
#embed "../../stdlib/guest/network"
};
EMBED(f27) = {
#embed "../../stdlib/guest/thaw"
};
EMBED(f28) = {
#embed "../../stdlib/kdev.lua"
};
EMBED(f29) = {
#embed "../../stdlib/kdev/kernel/bisect.lua"
};
EMBED(f30) = {
#embed "../../stdlib/kdev/kernel/in_guest.lua"
};
EMBED(f31) = {
#embed "../../stdlib/kdev/kernel/install.lua"
};
EMBED(f32) = {
#embed "../../stdlib/kdev/kernel/loop.lua"
};
EMBED(f33) = {
#embed "../../stdlib/kdev/task.lua"
};
EMBED(f34) = {
#embed "../../stdlib/setup.lua"
};
EMBED(f35) = {
#embed "../../stdlib/workflows/ceph_mount.lua"
};
EMBED(f36) = {
#embed "../../stdlib/workflows/debian_guest.lua"
};
EMBED(f37) = {
#embed "../../stdlib/workflows/install_iso.lua"
};
EMBED(f38) = {
#embed "../../Sources/Modules/CLI/cli.d.lua"
};
EMBED(f39) = {
#embed "../../Sources/Modules/Disk/disk.d.lua"
};
EMBED(f40) = {
#embed "../../Sources/Modules/Env/env.d.lua"
};
EMBED(f41) = {
#embed "../../Sources/Modules/FS/fs.d.lua"
};
EMBED(f42) = {
#embed "../../Sources/Modules/Glob/glob.d.lua"
};
EMBED(f43) = {
#embed "../../Sources/Modules/HostFacts/host.d.lua"
};
EMBED(f44) = {
#embed "../../Sources/Modules/JSON/json.d.lua"
};
EMBED(f45) = {
#embed "../../Sources/Modules/Kernel/kernel.d.lua"
};
EMBED(f46) = {
#embed "../../Sources/Modules/Log/log.d.lua"
};
EMBED(f47) = {
#embed "../../Sources/Modules/Merge/merge.d.lua"
};
EMBED(f48) = {
#embed "../../Sources/Modules/Net/net.d.lua"
};
EMBED(f49) = {
#embed "../../Sources/Modules/Path/path.d.lua"
};
EMBED(f50) = {
#embed "../../Sources/Modules/Proc/proc.d.lua"
};
EMBED(f51) = {
#embed "../../Sources/Modules/Sandbox/sandbox.d.lua"
};
EMBED(f52) = {
#embed "../../Sources/Modules/Task/task.d.lua"
};
EMBED(f53) = {
#embed "../../Sources/Modules/Teuthology/teuthology.d.lua"
};
EMBED(f54) = {
#embed "../../Sources/Modules/Time/time.d.lua"
};
EMBED(f55) = {
#embed "../../Sources/Modules/Transaction/transaction.d.lua"
};
EMBED(f56) = {
#embed "../../Sources/Modules/UI/ui.d.lua"
};
EMBED(f57) = {
#embed "../../Sources/Modules/VM/vm.d.lua"
};
EMBED(f58) = {
#embed "../../Sources/Modules/VNC/vnc.d.lua"
};
EMBED(f59) = {
#embed "../../Sources/Modules/YAML/yaml.d.lua"
};
EMBED(f60) = {
#embed "../../Sources/Modules/kdev.d.lua"
};
static const cstdlib_file files[] = {
  {"fragments/kernel/ceph.config", f1, sizeof f1},
  {"fragments/kernel/debug.config", f2, sizeof f2},
  {"fragments/kernel/guest.config", f3, sizeof f3},
  {"fragments/kernel/kasan.config", f4, sizeof f4},
  {"fragments/kernel/kgdb.config", f5, sizeof f5},
  {"fragments/kernel/lockdep.config", f6, sizeof f6},
  {"fragments/kernel/xfs.config", f7, sizeof f7},
  {"fragments/setup/00-defaults.yaml", f8, sizeof f8},
  {"fragments/setup/accel/10-kvm.yaml", f9, sizeof f9},
  {"fragments/setup/accel/20-tcg.yaml", f10, sizeof f10},
  {"fragments/setup/net/10-tap.yaml", f11, sizeof f11},
  {"fragments/setup/net/20-user.yaml", f12, sizeof f12},
  {"fragments/setup/vhost/10-on.yaml", f13, sizeof f13},
  {"fragments/setup/vhost/20-off.yaml", f14, sizeof f14},
  {"guest/agent", f15, sizeof f15},
  {"guest/debian/dpkg.cfg", f16, sizeof f16},
  {"guest/debian/finish", f17, sizeof f17},
  {"guest/debian/init", f18, sizeof f18},
  {"guest/debian/packages", f19, sizeof f19},
  {"guest/debian/prepare", f20, sizeof f20},
  {"guest/dhcp", f21, sizeof f21},
  {"guest/freeze", f22, sizeof f22},
  {"guest/init", f23, sizeof f23},
  {"guest/later", f24, sizeof f24},
  {"guest/modules", f25, sizeof f25},
  {"guest/network", f26, sizeof f26},
  {"guest/thaw", f27, sizeof f27},
  {"kdev.lua", f28, sizeof f28},
  {"kdev/kernel/bisect.lua", f29, sizeof f29},
  {"kdev/kernel/in_guest.lua", f30, sizeof f30},
  {"kdev/kernel/install.lua", f31, sizeof f31},
  {"kdev/kernel/loop.lua", f32, sizeof f32},
  {"kdev/task.lua", f33, sizeof f33},
  {"setup.lua", f34, sizeof f34},
  {"workflows/ceph_mount.lua", f35, sizeof f35},
  {"workflows/debian_guest.lua", f36, sizeof f36},
  {"workflows/install_iso.lua", f37, sizeof f37},
  {"types/cli.d.lua", f38, sizeof f38},
  {"types/disk.d.lua", f39, sizeof f39},
  {"types/env.d.lua", f40, sizeof f40},
  {"types/fs.d.lua", f41, sizeof f41},
  {"types/glob.d.lua", f42, sizeof f42},
  {"types/host.d.lua", f43, sizeof f43},
  {"types/json.d.lua", f44, sizeof f44},
  {"types/kernel.d.lua", f45, sizeof f45},
  {"types/log.d.lua", f46, sizeof f46},
  {"types/merge.d.lua", f47, sizeof f47},
  {"types/net.d.lua", f48, sizeof f48},
  {"types/path.d.lua", f49, sizeof f49},
  {"types/proc.d.lua", f50, sizeof f50},
  {"types/sandbox.d.lua", f51, sizeof f51},
  {"types/task.d.lua", f52, sizeof f52},
  {"types/teuthology.d.lua", f53, sizeof f53},
  {"types/time.d.lua", f54, sizeof f54},
  {"types/transaction.d.lua", f55, sizeof f55},
  {"types/ui.d.lua", f56, sizeof f56},
  {"types/vm.d.lua", f57, sizeof f57},
  {"types/vnc.d.lua", f58, sizeof f58},
  {"types/yaml.d.lua", f59, sizeof f59},
  {"types/kdev.d.lua", f60, sizeof f60},
};
