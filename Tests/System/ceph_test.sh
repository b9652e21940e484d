# A CephFS in a guest. It takes minutes and Ceph's daemons, so it runs only when KDEVLUA_TEST_CEPH is set. The kernel is the one that was
# built here when KDEVLUA_TEST_TREE, KDEVLUA_TEST_OUTPUT and KDEVLUA_TEST_CC name it (built_kernel_test.sh), else Debian's.
# shellcheck shell=bash

# cluster ADDRESS: a monitor, a manager, an OSD in memory and an MDS, which listen on the address. Its configuration, with the
# administrator's keyring, is $ceph/ceph.conf.
cluster() {
  local address=$1 fsid
  fsid=$(cat /proc/sys/kernel/random/uuid)
  mkdir -p "$ceph"/{mon,mgr,osd,mds}
  cat >"$ceph/ceph.conf" <<-end
	[global]
	fsid = $fsid
	mon_host = [v2:$address:3300/0,v1:$address:6789/0]
	public_addr = $address
	keyring = $ceph/keyring
	run_dir = $ceph
	admin_socket = $ceph/\$name.asok
	pid_file = $ceph/\$name.pid
	log_file = $ceph/\$name.log
	crash_dir = $ceph
	osd_pool_default_size = 1
	osd_pool_default_min_size = 1
	osd_crush_chooseleaf_type = 0
	mon_allow_pool_size_one = true
	auth_allow_insecure_global_id_reclaim = false
	[mon]
	mon_data = $ceph/mon
	[mgr]
	mgr_data = $ceph/mgr
	keyring = $ceph/mgr/keyring
	mgr_initial_modules =
	[osd]
	osd_data = $ceph/osd
	keyring = $ceph/osd/keyring
	osd_objectstore = memstore
	memstore_device_bytes = 512M
	[mds]
	mds_data = $ceph/mds
	keyring = $ceph/mds/keyring
	end
  ceph-authtool --create-keyring "$ceph/keyring" --gen-key -n mon. --cap mon 'allow *'
  ceph-authtool "$ceph/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mds 'allow *' --cap mgr 'allow *'
  monmaptool --create --fsid "$fsid" --addv a "[v2:$address:3300,v1:$address:6789]" "$ceph/monmap"
  inside ceph-mon -c "$ceph/ceph.conf" --mkfs -i a --monmap "$ceph/monmap" --keyring "$ceph/keyring"
  inside ceph-mon -c "$ceph/ceph.conf" -i a
  c auth get-or-create mgr.x mon 'allow profile mgr' osd 'allow *' mds 'allow *' -o "$ceph/mgr/keyring"
  inside ceph-mgr -c "$ceph/ceph.conf" -i x
  local uuid
  uuid=$(cat /proc/sys/kernel/random/uuid)
  c osd new "$uuid"
  c auth get-or-create osd.0 mon 'allow profile osd' mgr 'allow profile osd' osd 'allow *' -o "$ceph/osd/keyring"
  inside ceph-osd -c "$ceph/ceph.conf" -i 0 --mkfs --osd-uuid "$uuid"
  inside ceph-osd -c "$ceph/ceph.conf" -i 0
  c osd pool create meta 1
  c osd pool create data 1
  c fs new cephfs meta data
  c auth get-or-create mds.a mon 'profile mds' mgr 'profile mds' mds 'allow *' osd 'allow *' -o "$ceph/mds/keyring"
  inside ceph-mds -c "$ceph/ceph.conf" -i a
  eventually active
}
c() { inside timeout 60 ceph -c "$ceph/ceph.conf" --connect-timeout 50 "$@"; }
active() { c mds stat | grep -q up:active; }

test_a_cephfs_is_mounted_in_a_guest_and_keeps_what_is_written() {
  [ -n "${KDEVLUA_TEST_CEPH:-}" ] || skip 'takes minutes; set KDEVLUA_TEST_CEPH=1 to run it'
  local program
  for program in ceph ceph-authtool ceph-mon ceph-mgr ceph-osd ceph-mds; do
    command -v $program >/dev/null || skip "no $program (apt-get install ceph-mon ceph-mgr ceph-osd ceph-mds ceph-common)"
  done
  ceph=$work/ceph
  local tree=${KDEVLUA_TEST_TREE:-} output=${KDEVLUA_TEST_OUTPUT:-} kernel='kdev.kernel.find()' wanted
  if [ -n "$tree" ] && [ -n "$output" ]; then
    kernel="kdev.kernel.build { tree = '$tree', output = '$output', cc = '${KDEVLUA_TEST_CC:-gcc}' }"
  fi
  cat >"$work/share/guest.lua" <<-lua
	local kdev <const> = require "kdev"
	local setup <close> = kdev.transaction.begin { name = "fs" }
	local kernel <const> = $kernel
	local tap <const> = kdev.net.tap { bridge = kdev.net.bridge { name = "br0" } }
	kdev.vm.launch {
	  name = "fs", kernel = kernel, initramfs = kdev.kernel.initramfs(kernel, { modules = { "ceph" } }), net = tap,
	  memory = "512M", boot_timeout = 300,
	}
	lua
  kd run --quiet "$work/share/guest.lua"
  if [ -n "$output" ]; then
    wanted=$(cat "$output/include/config/kernel.release")
    equal "$(kd exec fs uname -r)" "$wanted"
  fi
  local address
  address=$(inside ip -4 -br addr show br0 | awk '{ print $3 }')
  cluster "${address%/*}"
  # The password is in no trace of what is run.
  output=$(kd run --trace workflows/ceph_mount.lua --vm fs --conf "$ceph/ceph.conf" --timeout 120s 2>&1)
  contains "$output" 'mounted  /mnt/cephfs in fs'
  lacks "$output" "$(c auth get-key client.admin)"
  kd exec fs sh -c 'mkdir /mnt/cephfs/a && echo kept > /mnt/cephfs/a/b && sync && grep -q " /mnt/cephfs ceph " /proc/mounts'
  contains "$(kd run workflows/ceph_mount.lua --vm fs --conf "$ceph/ceph.conf" 2>&1)" 'as it was'
  # It is the cluster that has it: a second mount, of the folder alone.
  kd exec fs umount /mnt/cephfs
  kd run --quiet workflows/ceph_mount.lua --vm fs --conf "$ceph/ceph.conf" --path /a --dir /mnt/a --fs cephfs --timeout 120s
  equal "$(kd exec fs cat /mnt/a/b)" kept
  kd exec fs umount /mnt/a
  # Of a file system that is not there.
  fails 1 kd run --quiet workflows/ceph_mount.lua --vm fs --conf "$ceph/ceph.conf" --path /nowhere --timeout 120s
  contains "$output" 'the guest cannot mount admin@'
  kd down fs
}
