// Made by scripts/embed.
EMBED(f1) = {
#embed "../../stdlib/fragments/setup/accel/10-kvm.yaml"
};
EMBED(f2) = {
#embed "../../stdlib/fragments/setup/accel/20-tcg.yaml"
};
EMBED(f3) = {
#embed "../../stdlib/fragments/setup/net/10-tap.yaml"
};
EMBED(f4) = {
#embed "../../stdlib/fragments/setup/net/20-user.yaml"
};
EMBED(f5) = {
#embed "../../stdlib/fragments/setup/vhost/10-on.yaml"
};
EMBED(f6) = {
#embed "../../stdlib/fragments/setup/vhost/20-off.yaml"
};
EMBED(f7) = {
#embed "../../stdlib/guest/agent"
};
EMBED(f8) = {
#embed "../../stdlib/guest/dhcp"
};
EMBED(f9) = {
#embed "../../stdlib/guest/init"
};
EMBED(f10) = {
#embed "../../stdlib/guest/modules"
};
EMBED(f11) = {
#embed "../../stdlib/kdev.lua"
};
EMBED(f12) = {
#embed "../../stdlib/kdev/task.lua"
};
EMBED(f13) = {
#embed "../../stdlib/setup.lua"
};
EMBED(f14) = {
#embed "../../Sources/Modules/CLI/cli.d.lua"
};
EMBED(f15) = {
#embed "../../Sources/Modules/Disk/disk.d.lua"
};
EMBED(f16) = {
#embed "../../Sources/Modules/Env/env.d.lua"
};
EMBED(f17) = {
#embed "../../Sources/Modules/FS/fs.d.lua"
};
EMBED(f18) = {
#embed "../../Sources/Modules/Glob/glob.d.lua"
};
EMBED(f19) = {
#embed "../../Sources/Modules/HostFacts/host.d.lua"
};
EMBED(f20) = {
#embed "../../Sources/Modules/JSON/json.d.lua"
};
EMBED(f21) = {
#embed "../../Sources/Modules/Kernel/kernel.d.lua"
};
EMBED(f22) = {
#embed "../../Sources/Modules/Log/log.d.lua"
};
EMBED(f23) = {
#embed "../../Sources/Modules/Merge/merge.d.lua"
};
EMBED(f24) = {
#embed "../../Sources/Modules/Net/net.d.lua"
};
EMBED(f25) = {
#embed "../../Sources/Modules/Path/path.d.lua"
};
EMBED(f26) = {
#embed "../../Sources/Modules/Proc/proc.d.lua"
};
EMBED(f27) = {
#embed "../../Sources/Modules/Sandbox/sandbox.d.lua"
};
EMBED(f28) = {
#embed "../../Sources/Modules/Task/task.d.lua"
};
EMBED(f29) = {
#embed "../../Sources/Modules/Time/time.d.lua"
};
EMBED(f30) = {
#embed "../../Sources/Modules/Transaction/transaction.d.lua"
};
EMBED(f31) = {
#embed "../../Sources/Modules/UI/ui.d.lua"
};
EMBED(f32) = {
#embed "../../Sources/Modules/VM/vm.d.lua"
};
EMBED(f33) = {
#embed "../../Sources/Modules/YAML/yaml.d.lua"
};
EMBED(f34) = {
#embed "../../Sources/Modules/kdev.d.lua"
};
static const cstdlib_file files[] = {
  {"fragments/setup/accel/10-kvm.yaml", f1, sizeof f1},
  {"fragments/setup/accel/20-tcg.yaml", f2, sizeof f2},
  {"fragments/setup/net/10-tap.yaml", f3, sizeof f3},
  {"fragments/setup/net/20-user.yaml", f4, sizeof f4},
  {"fragments/setup/vhost/10-on.yaml", f5, sizeof f5},
  {"fragments/setup/vhost/20-off.yaml", f6, sizeof f6},
  {"guest/agent", f7, sizeof f7},
  {"guest/dhcp", f8, sizeof f8},
  {"guest/init", f9, sizeof f9},
  {"guest/modules", f10, sizeof f10},
  {"kdev.lua", f11, sizeof f11},
  {"kdev/task.lua", f12, sizeof f12},
  {"setup.lua", f13, sizeof f13},
  {"types/cli.d.lua", f14, sizeof f14},
  {"types/disk.d.lua", f15, sizeof f15},
  {"types/env.d.lua", f16, sizeof f16},
  {"types/fs.d.lua", f17, sizeof f17},
  {"types/glob.d.lua", f18, sizeof f18},
  {"types/host.d.lua", f19, sizeof f19},
  {"types/json.d.lua", f20, sizeof f20},
  {"types/kernel.d.lua", f21, sizeof f21},
  {"types/log.d.lua", f22, sizeof f22},
  {"types/merge.d.lua", f23, sizeof f23},
  {"types/net.d.lua", f24, sizeof f24},
  {"types/path.d.lua", f25, sizeof f25},
  {"types/proc.d.lua", f26, sizeof f26},
  {"types/sandbox.d.lua", f27, sizeof f27},
  {"types/task.d.lua", f28, sizeof f28},
  {"types/time.d.lua", f29, sizeof f29},
  {"types/transaction.d.lua", f30, sizeof f30},
  {"types/ui.d.lua", f31, sizeof f31},
  {"types/vm.d.lua", f32, sizeof f32},
  {"types/yaml.d.lua", f33, sizeof f33},
  {"types/kdev.d.lua", f34, sizeof f34},
};
