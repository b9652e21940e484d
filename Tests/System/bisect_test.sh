# Which commit broke something: git bisect with real builds and real guests.
# shellcheck shell=bash

# A repository of the module kdevbreak with seven commits, of which the fourth does not compile and the sixth breaks. In the
# folder are the scripts: search.lua bisects, and "die" as its argument makes it kill itself in its second test.
module_history() {
  local number
  release=$("$PROGRAM" eval 'print(kdev.kernel.find().release)')
  [ -d "/lib/modules/$release/build" ] || skip "no headers of $release (apt-get install linux-headers-amd64)"
  cd "$work/share" || exit
  git init --quiet -b main linux
  git -C linux config user.name A
  git -C linux config user.email a@example.com
  cp "$(dirname "${BASH_SOURCE[0]}")"/kdevbreak/{kdevbreak.c,Makefile} linux/
  printf '*.o\n*.ko\n*.mod*\n.*.cmd\nModule.symvers\nmodules.order\n' >linux/.gitignore
  for number in 1 2 3 4 5 6 7; do
    case $number in
    4) echo '#error does not compile' >>linux/kdevbreak.c ;;
    5) sed -i '/^#error/d' linux/kdevbreak.c ;;
    6) sed -i 's/= "nothing"/= "oops"/' linux/kdevbreak.c ;;
    *) echo "/* $number */" >>linux/kdevbreak.c ;;
    esac
    git -C linux add -A
    git -C linux commit --quiet -m "commit $number"
    git -C linux tag "c$number"
  done
  cat >search.lua <<END
local kdev <const> = require "kdev"
local kernel <const> = kdev.kernel.find()
local tests = 0
local found <const> = kdev.kernel.bisect {
  tree = "linux", good = "c1", bad = "HEAD",
  build = function()
    kdev.proc.run { "make", "-C", "/lib/modules/$release/build", "M=" .. kdev.fs.absolute "linux", "modules" }
    return kernel
  end,
  vm = { memory = "512M", share = { here = "." } },
  test = function(vm)
    tests = tests + 1
    if arg[1] == "die" and tests == 2 then kdev.proc.run { "sh", "-c", "kill -9 \$PPID" } end
    if arg[1] == "mistake" then nonesuch() end
    vm:mount("here", "/mnt")
    vm:exec { "insmod", "/mnt/linux/kdevbreak.ko" }
  end,
}
print("found", found.subject, #found.steps, tests, found.log_file)
END
}

test_the_first_bad_commit_is_found_also_after_a_run_that_was_killed() {
  module_history
  # What has changes is not checked out anew, and a mistake of the script marks nothing.
  echo '/* mine */' >>linux/kdevbreak.c
  fails 1 kd run search.lua
  contains "$output" 'has changes that are in no commit'
  git -C linux checkout --quiet kdevbreak.c
  fails 1 kd run search.lua mistake
  contains "$output" "attempt to call a nil value (global 'nonesuch')"
  lacks "$(grep '^git bisect [gb]' linux/.git/BISECT_LOG)" 'bad'
  git -C linux bisect reset >/dev/null 2>&1
  fails 137 kd run search.lua die
  [ -n "$(machines)" ] || fail 'the killed run left no machine'
  local marked
  marked=$(grep -c '^git bisect [gbs]' linux/.git/BISECT_LOG)
  [ "$marked" -gt 1 ] || fail "nothing was marked: $(cat linux/.git/BISECT_LOG)"
  # Another search does not go on with this one.
  sed 's/good = "c1"/good = "c2"/' search.lua >other.lua
  fails 1 kd run other.lua
  contains "$output" 'another bisection is under way'
  out=$(kd run search.lua 2>&1) || fail "$out"
  contains "$out" 'going on with the bisection'
  contains "$out" "is the first bad commit: commit 6"
  contains "$out" $'found\tcommit 6'
  equal "$(git -C linux symbolic-ref --short HEAD)" main
  # The log has the reasons, and git reads it.
  local log=linux/.git/kdevlua-bisect/log
  contains "$(cat $log)" '# test of '
  contains "$(cat $log)" 'kernel NULL pointer dereference'
  contains "$(cat $log)" '# build of '
  contains "$(git -C linux bisect replay "$(realpath $log)" 2>&1)" "$(git -C linux rev-parse c6) is the first bad commit"
  git -C linux bisect reset >/dev/null 2>&1
  nothing_left
}
