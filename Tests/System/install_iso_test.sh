# Installing from an ISO image: a real one, made here, with Debian's kernel and an installer that writes a boot sector.
# shellcheck shell=bash

# Makes $work/test.iso. Its installer looks for answers, and writes them into the disk behind a boot sector that says
# on the serial line that it runs.
make_iso() {
  command -v xorriso >/dev/null && [ -e /usr/lib/ISOLINUX/isolinux.bin ] &&
    [ -e /usr/lib/syslinux/modules/bios/ldlinux.c32 ] || skip 'xorriso, isolinux or syslinux-common is not installed'
  local kernel release root=$work/root module
  kernel=$("$PROGRAM" eval 'print(kdev.kernel.find().path)')
  release=${kernel##*/vmlinuz-}
  mkdir -p "$root/bin" "$root/modules" "$work/iso/isolinux" "$work/iso/install.amd"
  cp "$(command -v busybox)" "$root/bin/busybox"
  : >"$root/order"
  for module in virtio_pci virtio_blk ata_piix sr_mod isofs; do
    modprobe --show-depends -d "${kernel%/boot/*}" -S "$release" "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
  done | awk '!seen[$0]++' | while read -r module; do
    cp "$module" "$root/modules/" && echo "${module##*/}" >>"$root/order"
  done
  # xor ax,ax; mov ds,ax; mov si,text; mov dx,0x3f8; next: lodsb; test al,al; jz end; out dx,al; jmp next; end: hlt; jmp end
  {
    printf '\x31\xc0\x8e\xd8\xbe\x15\x7c\xba\xf8\x03\xac\x84\xc0\x74\x03\xee\xeb\xf8\xf4\xeb\xfdthe installed system runs\r\n\0'
    head -c 510 /dev/zero
  } | head -c 510 >"$root/sector"
  printf '\x55\xaa' >>"$root/sector"
  cat >"$root/init" <<'INIT'
#!/bin/busybox ash
/bin/busybox --install -s /bin
mkdir -p /proc /dev /mnt
mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod "/modules/$module"; done </order
echo 'the installer is on the screen' >/dev/tty0
answers=none
[ -e /preseed.cfg ] && answers="preseed $(cat /preseed.cfg)"
for drive in /dev/sr*; do
  mount -t iso9660 -o ro "$drive" /mnt 2>/dev/null || continue
  # The name of its file system, by which real installers find it (ECMA-119, 8.4.7).
  label=$(dd if="$drive" bs=8 skip=4101 count=4 2>/dev/null | tr -d ' ')
  for file in ks.cfg user-data; do [ -e "/mnt/$file" ] && answers="$file $label $(cat "/mnt/$file")"; done
  umount /mnt
done
if [ "$answers" != 'user-data CIDATA nothing' ]; then
  { cat /sector; echo "$answers"; head -c 2000000 /dev/urandom; } >/dev/vda
  sync
fi
poweroff -f
INIT
  chmod 755 "$root/init"
  (cd "$root" && find . | cpio --quiet -o -H newc | gzip -1 >"$work/iso/install.amd/initrd.gz")
  cp "$kernel" "$work/iso/install.amd/vmlinuz"
  cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$work/iso/isolinux/"
  printf 'DEFAULT i\nLABEL i\n KERNEL /install.amd/vmlinuz\n APPEND initrd=/install.amd/initrd.gz quiet\n' \
    >"$work/iso/isolinux/isolinux.cfg"
  xorriso -as mkisofs -quiet -V TEST -J -r -o "$work/test.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat \
    -no-emul-boot -boot-load-size 4 -boot-info-table "$work/iso" 2>/dev/null
}

install_iso() { kd run workflows/install_iso.lua --name box --iso "$work/test.iso" --disk-size 64M --memory 512M --accel tcg "$@"; }

# What stands behind the boot sector of the disk.
answers_on_disk() {
  # It counts from the start of the image.
  qemu-img dd -U -f qcow2 -O raw bs=512 skip=1 count=2 "if=$KDEVLUA_STATE/disks/box.qcow2" "of=$work/sector" >/dev/null
  head -n 1 "$work/sector" | tr -d '\0'
}

wait_for_console() {
  for _ in $(seq 300); do
    grep -q "$1" "$KDEVLUA_STATE/machines/box/console.log" 2>/dev/null && return
    sleep 0.1
  done
  fail "'$1' is not on the console"
}

test_an_iso_is_installed_unattended_and_started_without_it() {
  local out
  make_iso
  echo 'lang en' >"$work/ks.cfg"
  out=$(install_iso --kickstart "$work/ks.cfg" 2>&1)
  contains "$out" "the installer's screen is VNC 127.0.0.1:"
  contains "$out" 'stop     '
  equal "$(answers_on_disk)" 'ks.cfg OEMDRV lang en'
  wait_for_console 'the installed system runs'
  lacks "$(tr '\0' ' ' <"/proc/$(machines)/cmdline")" test.iso
  # Again: nothing is installed, and the machine is taken over.
  out=$(install_iso 2>&1)
  contains "$out" '= machine box'
  lacks "$out" 'installation'
  kd down --disks --now >/dev/null 2>&1
  nothing_left
}

test_a_preseed_goes_into_the_installers_own_initramfs() {
  make_iso
  echo 'd-i a/b' >"$work/preseed.cfg"
  install_iso --preseed "$work/preseed.cfg" --no-start >/dev/null 2>&1
  equal "$(answers_on_disk)" 'preseed d-i a/b'
  kd down --disks --now >/dev/null 2>&1
  nothing_left
}

test_an_installer_that_writes_nothing_is_an_error_and_leaves_nothing() {
  make_iso
  printf nothing >"$work/user-data"
  fails 1 install_iso --autoinstall "$work/user-data"
  contains "$output" 'has written nothing to the disk'
  nothing_left
  [ ! -e "$KDEVLUA_STATE/disks/box.qcow2" ] || fail 'the disk was left'
  fails 1 install_iso --timeout 1s
  contains "$output" 'timed out after 1'
  nothing_left
  fails 2 kd run workflows/install_iso.lua --name box
  contains "$output" 'one of --iso and --url is needed'
  fails 2 install_iso --preseed "$work/user-data" --kickstart "$work/user-data"
}
