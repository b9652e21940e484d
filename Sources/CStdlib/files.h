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
#embed "../../stdlib/fragments/setup/ceph/10-off.yaml"
};
EMBED(f12) = {
#embed "../../stdlib/fragments/setup/ceph/20-fs.yaml"
};
EMBED(f13) = {
#embed "../../stdlib/fragments/setup/ceph/30-rbd.yaml"
};
EMBED(f14) = {
#embed "../../stdlib/fragments/setup/ceph/40-debug.yaml"
};
EMBED(f15) = {
#embed "../../stdlib/fragments/setup/compiler/10-ccache.yaml"
};
EMBED(f16) = {
#embed "../../stdlib/fragments/setup/compiler/20-gcc.yaml"
};
EMBED(f17) = {
#embed "../../stdlib/fragments/setup/compiler/30-clang.yaml"
};
EMBED(f18) = {
#embed "../../stdlib/fragments/setup/display/10-vnc.yaml"
};
EMBED(f19) = {
#embed "../../stdlib/fragments/setup/display/20-none.yaml"
};
EMBED(f20) = {
#embed "../../stdlib/fragments/setup/display/30-socket.yaml"
};
EMBED(f21) = {
#embed "../../stdlib/fragments/setup/kernel/10-stock.yaml"
};
EMBED(f22) = {
#embed "../../stdlib/fragments/setup/kernel/20-image.yaml"
};
EMBED(f23) = {
#embed "../../stdlib/fragments/setup/kernel/30-wip.yaml"
};
EMBED(f24) = {
#embed "../../stdlib/fragments/setup/kernel/40-testing.yaml"
};
EMBED(f25) = {
#embed "../../stdlib/fragments/setup/kernel/50-distribution.yaml"
};
EMBED(f26) = {
#embed "../../stdlib/fragments/setup/kernel_config/10-none.yaml"
};
EMBED(f27) = {
#embed "../../stdlib/fragments/setup/kernel_config/20-tree.yaml"
};
EMBED(f28) = {
#embed "../../stdlib/fragments/setup/kernel_config/30-small.yaml"
};
EMBED(f29) = {
#embed "../../stdlib/fragments/setup/kernel_config/40-guest.yaml"
};
EMBED(f30) = {
#embed "../../stdlib/fragments/setup/kernel_config/50-distribution.yaml"
};
EMBED(f31) = {
#embed "../../stdlib/fragments/setup/kernel_config/60-defconfig.yaml"
};
EMBED(f32) = {
#embed "../../stdlib/fragments/setup/kernel_config/70-file.yaml"
};
EMBED(f33) = {
#embed "../../stdlib/fragments/setup/net/10-tap.yaml"
};
EMBED(f34) = {
#embed "../../stdlib/fragments/setup/net/20-user.yaml"
};
EMBED(f35) = {
#embed "../../stdlib/fragments/setup/net/30-dhcp.yaml"
};
EMBED(f36) = {
#embed "../../stdlib/fragments/setup/net/40-passt.yaml"
};
EMBED(f37) = {
#embed "../../stdlib/fragments/setup/root/10-initramfs.yaml"
};
EMBED(f38) = {
#embed "../../stdlib/fragments/setup/root/20-disk.yaml"
};
EMBED(f39) = {
#embed "../../stdlib/fragments/setup/rules.yaml"
};
EMBED(f40) = {
#embed "../../stdlib/fragments/setup/vhost/10-on.yaml"
};
EMBED(f41) = {
#embed "../../stdlib/fragments/setup/vhost/20-off.yaml"
};
EMBED(f42) = {
#embed "../../stdlib/guest/agent"
};
EMBED(f43) = {
#embed "../../stdlib/guest/debian/dpkg.cfg"
};
EMBED(f44) = {
#embed "../../stdlib/guest/debian/finish"
};
EMBED(f45) = {
#embed "../../stdlib/guest/debian/init"
};
EMBED(f46) = {
#embed "../../stdlib/guest/debian/packages"
};
EMBED(f47) = {
#embed "../../stdlib/guest/debian/prepare"
};
EMBED(f48) = {
#embed "../../stdlib/guest/dhcp"
};
EMBED(f49) = {
#embed "../../stdlib/guest/freeze"
};
EMBED(f50) = {
#embed "../../stdlib/guest/init"
};
EMBED(f51) = {
#embed "../../stdlib/guest/later"
};
EMBED(f52) = {
#embed "../../stdlib/guest/modules"
};
EMBED(f53) = {
#embed "../../stdlib/guest/network"
};
EMBED(f54) = {
#embed "../../stdlib/guest/thaw"
};
EMBED(f55) = {
#embed "../../stdlib/kdev.lua"
};
EMBED(f56) = {
#embed "../../stdlib/kdev/kernel/bisect.lua"
};
EMBED(f57) = {
#embed "../../stdlib/kdev/kernel/built_modules.lua"
};
EMBED(f58) = {
#embed "../../stdlib/kdev/kernel/in_guest.lua"
};
EMBED(f59) = {
#embed "../../stdlib/kdev/kernel/install.lua"
};
EMBED(f60) = {
#embed "../../stdlib/kdev/kernel/loop.lua"
};
EMBED(f61) = {
#embed "../../stdlib/kdev/setup/checks.lua"
};
EMBED(f62) = {
#embed "../../stdlib/kdev/task.lua"
};
EMBED(f63) = {
#embed "../../stdlib/setup.lua"
};
EMBED(f64) = {
#embed "../../stdlib/workflows/ceph_mount.lua"
};
EMBED(f65) = {
#embed "../../stdlib/workflows/debian_guest.lua"
};
EMBED(f66) = {
#embed "../../stdlib/workflows/install_iso.lua"
};
EMBED(f67) = {
#embed "../../Sources/Modules/CLI/cli.d.lua"
};
EMBED(f68) = {
#embed "../../Sources/Modules/Disk/disk.d.lua"
};
EMBED(f69) = {
#embed "../../Sources/Modules/Env/env.d.lua"
};
EMBED(f70) = {
#embed "../../Sources/Modules/FS/fs.d.lua"
};
EMBED(f71) = {
#embed "../../Sources/Modules/Glob/glob.d.lua"
};
EMBED(f72) = {
#embed "../../Sources/Modules/HostFacts/host.d.lua"
};
EMBED(f73) = {
#embed "../../Sources/Modules/JSON/json.d.lua"
};
EMBED(f74) = {
#embed "../../Sources/Modules/Kernel/kernel.d.lua"
};
EMBED(f75) = {
#embed "../../Sources/Modules/Log/log.d.lua"
};
EMBED(f76) = {
#embed "../../Sources/Modules/Merge/merge.d.lua"
};
EMBED(f77) = {
#embed "../../Sources/Modules/Net/net.d.lua"
};
EMBED(f78) = {
#embed "../../Sources/Modules/Path/path.d.lua"
};
EMBED(f79) = {
#embed "../../Sources/Modules/Proc/proc.d.lua"
};
EMBED(f80) = {
#embed "../../Sources/Modules/Sandbox/sandbox.d.lua"
};
EMBED(f81) = {
#embed "../../Sources/Modules/Task/task.d.lua"
};
EMBED(f82) = {
#embed "../../Sources/Modules/Teuthology/teuthology.d.lua"
};
EMBED(f83) = {
#embed "../../Sources/Modules/Time/time.d.lua"
};
EMBED(f84) = {
#embed "../../Sources/Modules/Transaction/transaction.d.lua"
};
EMBED(f85) = {
#embed "../../Sources/Modules/UI/ui.d.lua"
};
EMBED(f86) = {
#embed "../../Sources/Modules/VM/vm.d.lua"
};
EMBED(f87) = {
#embed "../../Sources/Modules/VNC/vnc.d.lua"
};
EMBED(f88) = {
#embed "../../Sources/Modules/YAML/yaml.d.lua"
};
EMBED(f89) = {
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
  {"fragments/setup/ceph/10-off.yaml", f11, sizeof f11},
  {"fragments/setup/ceph/20-fs.yaml", f12, sizeof f12},
  {"fragments/setup/ceph/30-rbd.yaml", f13, sizeof f13},
  {"fragments/setup/ceph/40-debug.yaml", f14, sizeof f14},
  {"fragments/setup/compiler/10-ccache.yaml", f15, sizeof f15},
  {"fragments/setup/compiler/20-gcc.yaml", f16, sizeof f16},
  {"fragments/setup/compiler/30-clang.yaml", f17, sizeof f17},
  {"fragments/setup/display/10-vnc.yaml", f18, sizeof f18},
  {"fragments/setup/display/20-none.yaml", f19, sizeof f19},
  {"fragments/setup/display/30-socket.yaml", f20, sizeof f20},
  {"fragments/setup/kernel/10-stock.yaml", f21, sizeof f21},
  {"fragments/setup/kernel/20-image.yaml", f22, sizeof f22},
  {"fragments/setup/kernel/30-wip.yaml", f23, sizeof f23},
  {"fragments/setup/kernel/40-testing.yaml", f24, sizeof f24},
  {"fragments/setup/kernel/50-distribution.yaml", f25, sizeof f25},
  {"fragments/setup/kernel_config/10-none.yaml", f26, sizeof f26},
  {"fragments/setup/kernel_config/20-tree.yaml", f27, sizeof f27},
  {"fragments/setup/kernel_config/30-small.yaml", f28, sizeof f28},
  {"fragments/setup/kernel_config/40-guest.yaml", f29, sizeof f29},
  {"fragments/setup/kernel_config/50-distribution.yaml", f30, sizeof f30},
  {"fragments/setup/kernel_config/60-defconfig.yaml", f31, sizeof f31},
  {"fragments/setup/kernel_config/70-file.yaml", f32, sizeof f32},
  {"fragments/setup/net/10-tap.yaml", f33, sizeof f33},
  {"fragments/setup/net/20-user.yaml", f34, sizeof f34},
  {"fragments/setup/net/30-dhcp.yaml", f35, sizeof f35},
  {"fragments/setup/net/40-passt.yaml", f36, sizeof f36},
  {"fragments/setup/root/10-initramfs.yaml", f37, sizeof f37},
  {"fragments/setup/root/20-disk.yaml", f38, sizeof f38},
  {"fragments/setup/rules.yaml", f39, sizeof f39},
  {"fragments/setup/vhost/10-on.yaml", f40, sizeof f40},
  {"fragments/setup/vhost/20-off.yaml", f41, sizeof f41},
  {"guest/agent", f42, sizeof f42},
  {"guest/debian/dpkg.cfg", f43, sizeof f43},
  {"guest/debian/finish", f44, sizeof f44},
  {"guest/debian/init", f45, sizeof f45},
  {"guest/debian/packages", f46, sizeof f46},
  {"guest/debian/prepare", f47, sizeof f47},
  {"guest/dhcp", f48, sizeof f48},
  {"guest/freeze", f49, sizeof f49},
  {"guest/init", f50, sizeof f50},
  {"guest/later", f51, sizeof f51},
  {"guest/modules", f52, sizeof f52},
  {"guest/network", f53, sizeof f53},
  {"guest/thaw", f54, sizeof f54},
  {"kdev.lua", f55, sizeof f55},
  {"kdev/kernel/bisect.lua", f56, sizeof f56},
  {"kdev/kernel/built_modules.lua", f57, sizeof f57},
  {"kdev/kernel/in_guest.lua", f58, sizeof f58},
  {"kdev/kernel/install.lua", f59, sizeof f59},
  {"kdev/kernel/loop.lua", f60, sizeof f60},
  {"kdev/setup/checks.lua", f61, sizeof f61},
  {"kdev/task.lua", f62, sizeof f62},
  {"setup.lua", f63, sizeof f63},
  {"workflows/ceph_mount.lua", f64, sizeof f64},
  {"workflows/debian_guest.lua", f65, sizeof f65},
  {"workflows/install_iso.lua", f66, sizeof f66},
  {"types/cli.d.lua", f67, sizeof f67},
  {"types/disk.d.lua", f68, sizeof f68},
  {"types/env.d.lua", f69, sizeof f69},
  {"types/fs.d.lua", f70, sizeof f70},
  {"types/glob.d.lua", f71, sizeof f71},
  {"types/host.d.lua", f72, sizeof f72},
  {"types/json.d.lua", f73, sizeof f73},
  {"types/kernel.d.lua", f74, sizeof f74},
  {"types/log.d.lua", f75, sizeof f75},
  {"types/merge.d.lua", f76, sizeof f76},
  {"types/net.d.lua", f77, sizeof f77},
  {"types/path.d.lua", f78, sizeof f78},
  {"types/proc.d.lua", f79, sizeof f79},
  {"types/sandbox.d.lua", f80, sizeof f80},
  {"types/task.d.lua", f81, sizeof f81},
  {"types/teuthology.d.lua", f82, sizeof f82},
  {"types/time.d.lua", f83, sizeof f83},
  {"types/transaction.d.lua", f84, sizeof f84},
  {"types/ui.d.lua", f85, sizeof f85},
  {"types/vm.d.lua", f86, sizeof f86},
  {"types/vnc.d.lua", f87, sizeof f87},
  {"types/yaml.d.lua", f88, sizeof f88},
  {"types/kdev.d.lua", f89, sizeof f89},
};
