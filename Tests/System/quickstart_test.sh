# What scripts/quickstart installs for the set-up that it is asked for.
# shellcheck shell=bash

# The packages for these arguments, in a line.
packages_for() {
  (
    # shellcheck source=scripts/lib.sh
    . "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
    setup_packages "$@" | tr '\n' ' '
  )
}

test_the_quickstart_installs_what_a_kernels_build_calls() {
  local arguments
  for arguments in --build-kernel '--fragment debug,kasan' --output=b '--compiler gcc' --kernel=testing '--kernel distribution' \
    '--name a --tree linux' --branch=v6.12; do
    # shellcheck disable=SC2086
    contains "$(packages_for $arguments)" ' flex bison '
  done
  for arguments in '' '--kernel /boot/vmlinuz' --kernel=stock '--memory 4G'; do
    # shellcheck disable=SC2086
    equal "$(packages_for $arguments)" ''
  done
  contains "$(packages_for --compiler clang)" 'clang lld llvm'
  contains "$(packages_for --compiler=clang)" ' flex bison '
  lacks "$(packages_for --compiler gcc)" clang
  contains "$(packages_for --net dhcp)" dnsmasq-base
  contains "$(packages_for --net=dhcp)" nftables
}
