# Sourced by the scripts beside it: where the project is, what the machine has, and how to bring what it lacks.
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Says a line on standard error.
say() { printf '%s\n' "$*" >&2; }

# Runs a command as root: as it is for root, else by sudo, which may ask for a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs the Debian packages that are not there, and says which.
need_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null; then
    say "these packages are missing, and this is no Debian: ${missing[*]}"
    return 1
  fi
  say "installing: ${missing[*]}"
  as_root apt-get update -q >/dev/null
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >/dev/null
}

# Swift 6.2 or newer; it is no Debian package.
need_swift() {
  if ! command -v swift >/dev/null; then
    say 'Swift 6.2 or newer is missing. See https://www.swift.org/install/linux/ (Debian 12), then run this again.'
    return 1
  fi
  local version
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
  if [ "$(printf '%s\n6.2\n' "$version" | sort -V | head -n 1)" != 6.2 ]; then
    say "Swift $version is too old; 6.2 or newer is needed. See https://www.swift.org/install/linux/"
    return 1
  fi
}

# What the build needs, and what the program calls.
build_packages=(liblua5.4-dev libyaml-dev pkg-config gcc libc6-dev git)
run_packages=(qemu-system-x86 qemu-utils iproute2 busybox-static cpio kmod)

# What a kernel's build calls.
kernel_packages=(git make gcc flex bison bc libelf-dev libssl-dev ccache xz-utils)
# What it calls with LLVM=1.
clang_packages=(clang lld llvm)

# Prints what the set-up needs besides for its arguments: setup_packages --branch v6.12 --compiler clang.
setup_packages() {
  local builds='' clang=''
  while [ $# -gt 0 ]; do
    case "$1 ${2:-}" in
    # As setup.lua has it: what says how to build has it built.
    --build-kernel* | --branch* | --tree* | --archive* | --output* | --kernel-config* | --fragment*) builds=yes ;;
    '--kernel testing' | '--kernel wip' | '--kernel distribution') builds=yes ;;
    '--kernel=testing '* | '--kernel=wip '* | '--kernel=distribution '*) builds=yes ;;
    '--compiler clang' | '--compiler=clang '*) builds=yes clang=yes ;;
    --compiler*) builds=yes ;;
    '--net dhcp' | '--net=dhcp '*) printf '%s\n' dnsmasq-base nftables ;;
    esac
    shift
  done
  [ -z "$builds" ] || printf '%s\n' "${kernel_packages[@]}"
  [ -z "$clang" ] || printf '%s\n' "${clang_packages[@]}"
}

# Builds the program: static Swift library, the system's liblua5.4. Prints its path.
build_release() {
  swift build -c release --static-swift-stdlib --product kdevlua >&2
  printf '%s\n' "$root/.build/release/kdevlua"
}

# Runs Tests/SuiteFuzz on real fragments: suite_fuzz PROGRAM KIND SECONDS [SEED].
suite_fuzz() {
  local data=$root/../shared/data/qa-fs-krbd.tar.xz work status=0
  work=$(mktemp -d /tmp/kdevlua-fuzz-XXXXXX)
  [ ! -e "$data" ] || tar xJf "$data" -C "$work"
  find "$root/stdlib/fragments" "$work" -type f -name '*.yaml' | sort | "$@" || status=$?
  rm -rf "$work"
  return $status
}

# The Python that has the real teuthology, to compare with: from PyPI, in a virtual environment below the cache. Prints its
# path; fails, and says why, where PyPI cannot be reached.
teuthology_python() {
  local home=${KDEVLUA_CACHE:-/var/tmp/kdevlua-test-cache}/teuthology-1.3.0-lupa-2.8
  if [ ! -e "$home/complete" ]; then
    need_packages python3-venv
    rm -rf "$home"
    python3 -m venv "$home" >&2
    if ! "$home/bin/pip" install --quiet --retries 1 --timeout 15 teuthology==1.3.0 lupa==2.8 >&2; then
      say 'teuthology could not be installed from PyPI.'
      return 1
    fi
    touch "$home/complete"
  fi
  printf '%s\n' "$home/bin/python"
}
