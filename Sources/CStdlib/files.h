// Made by scripts/embed.
EMBED(f1) = {
#embed "../../stdlib/fragments/setup/00-defaults.yaml"
};
EMBED(f2) = {
#embed "../../stdlib/fragments/setup/accel/10-kvm.yaml"
};
EMBED(f3) = {
#embed "../../stdlib/fragments/setup/accel/20-tcg.yaml"
};
EMBED(f4) = {
#embed "../../stdlib/fragments/setup/net/10-tap.yaml"
};
EMBED(f5) = {
#embed "../../stdlib/fragments/setup/net/20-user.yaml"
};
EMBED(f6) = {
#embed "../../stdlib/fragments/setup/vhost/10-on.yaml"
};
EMBED(f7) = {
#embed "../../stdlib/fragments/setup/vhost/20-off.yaml"
};
EMBED(f8) = {
#embed "../../stdlib/guest/agent"
};
EMBED(f9) = {
#embed "../../stdlib/guest/dhcp"
};
EMBED(f10) = {
#embed "../../stdlib/guest/init"
};
EMBED(f11) = {
#embed "../../stdlib/guest/modules"
};
EMBED(f12) = {
#embed "../../stdlib/kdev.lua"
};
EMBED(f13) = {
#embed "../../stdlib/kdev/task.lua"
};
EMBED(f14) = {
#embed "../../stdlib/setup.lua"
};
EMBED(f15) = {
#embed "../../Sources/Modules/CLI/cli.d.lua"
};
EMBED(f16) = {
#embed "../../Sources/Modules/Disk/disk.d.lua"
};
EMBED(f17) = {
#embed "../../Sources/Modules/Env/env.d.lua"
};
EMBED(f18) = {
#embed "../../Sources/Modules/FS/fs.d.lua"
};
EMBED(f19) = {
#embed "../../Sources/Modules/Glob/glob.d.lua"
};
EMBED(f20) = {
#embed "../../Sources/Modules/HostFacts/host.d.lua"
};
EMBED(f21) = {
#embed "../../Sources/Modules/JSON/json.d.lua"
};
EMBED(f22) = {
#embed "../../Sources/Modules/Kernel/kernel.d.lua"
};
EMBED(f23) = {
#embed "../../Sources/Modules/Log/log.d.lua"
};
EMBED(f24) = {
#embed "../../Sources/Modules/Merge/merge.d.lua"
};
EMBED(f25) = {
#embed "../../Sources/Modules/Net/net.d.lua"
};
EMBED(f26) = {
#embed "../../Sources/Modules/Path/path.d.lua"
};
EMBED(f27) = {
#embed "../../Sources/Modules/Proc/proc.d.lua"
};
EMBED(f28) = {
#embed "../../Sources/Modules/Sandbox/sandbox.d.lua"
};
EMBED(f29) = {
#embed "../../Sources/Modules/Task/task.d.lua"
};
EMBED(f30) = {
#embed "../../Sources/Modules/Time/time.d.lua"
};
EMBED(f31) = {
#embed "../../Sources/Modules/Transaction/transaction.d.lua"
};
EMBED(f32) = {
#embed "../../Sources/Modules/UI/ui.d.lua"
};
EMBED(f33) = {
#embed "../../Sources/Modules/VM/vm.d.lua"
};
EMBED(f34) = {
#embed "../../Sources/Modules/YAML/yaml.d.lua"
};
EMBED(f35) = {
#embed "../../Sources/Modules/kdev.d.lua"
};
static const cstdlib_file files[] = {
  {"fragments/setup/00-defaults.yaml", f1, sizeof f1},
  {"fragments/setup/accel/10-kvm.yaml", f2, sizeof f2},
  {"fragments/setup/accel/20-tcg.yaml", f3, sizeof f3},
  {"fragments/setup/net/10-tap.yaml", f4, sizeof f4},
  {"fragments/setup/net/20-user.yaml", f5, sizeof f5},
  {"fragments/setup/vhost/10-on.yaml", f6, sizeof f6},
  {"fragments/setup/vhost/20-off.yaml", f7, sizeof f7},
  {"guest/agent", f8, sizeof f8},
  {"guest/dhcp", f9, sizeof f9},
  {"guest/init", f10, sizeof f10},
  {"guest/modules", f11, sizeof f11},
  {"kdev.lua", f12, sizeof f12},
  {"kdev/task.lua", f13, sizeof f13},
  {"setup.lua", f14, sizeof f14},
  {"types/cli.d.lua", f15, sizeof f15},
  {"types/disk.d.lua", f16, sizeof f16},
  {"types/env.d.lua", f17, sizeof f17},
  {"types/fs.d.lua", f18, sizeof f18},
  {"types/glob.d.lua", f19, sizeof f19},
  {"types/host.d.lua", f20, sizeof f20},
  {"types/json.d.lua", f21, sizeof f21},
  {"types/kernel.d.lua", f22, sizeof f22},
  {"types/log.d.lua", f23, sizeof f23},
  {"types/merge.d.lua", f24, sizeof f24},
  {"types/net.d.lua", f25, sizeof f25},
  {"types/path.d.lua", f26, sizeof f26},
  {"types/proc.d.lua", f27, sizeof f27},
  {"types/sandbox.d.lua", f28, sizeof f28},
  {"types/task.d.lua", f29, sizeof f29},
  {"types/time.d.lua", f30, sizeof f30},
  {"types/transaction.d.lua", f31, sizeof f31},
  {"types/ui.d.lua", f32, sizeof f32},
  {"types/vm.d.lua", f33, sizeof f33},
  {"types/yaml.d.lua", f34, sizeof f34},
  {"types/kdev.d.lua", f35, sizeof f35},
};
