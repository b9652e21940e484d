-- Shell completion of `kdevlua run`.
local test <const> = require "testing"
local kdev <const> = require "kdev"

local exe <const> = kdev.fs.absolute "/proc/self/exe"
for _, shell in ipairs { "bash", "zsh", "fish" } do
  kdev.fs.write(shell, kdev.proc.run({ exe, "--generate-completion-script", shell }).stdout)
end

kdev.fs.write("build.lua", [[
#!/usr/bin/env -S kdevlua run
-- Builds a kernel. And more.
print "this must never run"
os.execute "touch ran"
local kdev <const> = require "kdev"
local cli = kdev.cli
local levels <const> = { "low", "high" }
local opt <const> = cli.options {
  about = "Builds.",
  { "tree", value = "DIR", help = "the source" },
  { "config", help = "a file: x86" },
  { "level", choices = levels },
  { "jobs", type = "integer", default = 1 },
  { "clean", type = "flag" },
}
]])
kdev.fs.write("plain.lua", "print 'this must never run'")
kdev.fs.write("broken.lua", "if then")
kdev.fs.mkdir ".kdevlua"
kdev.fs.write(".kdevlua/deploy.lua", "#!/usr/bin/env -S kdevlua run\n-- Deploys.\nprint('deployed', ...)\n")
kdev.fs.write(".kdevlua/library.lua", "return {}")
kdev.fs.mkdir "folder"

-- What bash offers for the last of the words.
local function bash(...)
  local words <const> = { exe, ... }
  local script <const> = [[
    source ./bash
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_TYPE=9 COMP_KEY=9
    _kdevlua "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
    printf '%s\n' "${COMPREPLY[@]}"
  ]]
  local result <const> = kdev.proc.run { "bash", "-c", script, "bash", table.unpack(words) }
  test.equal(result.stderr, "")
  local list <const> = {}
  for line in result.stdout:gmatch "[^\n]+" do list[#list + 1] = line:gsub(" $", "") end
  table.sort(list)
  return table.concat(list, " ")
end

test("the options that a script declares are offered", function()
  test.equal(bash("run", "build.lua", "--"), "--clean --config --help --jobs --level --tree")
  test.equal(bash("run", "build.lua", "--c"), "--clean --config")
  test.equal(bash("run", "build.lua", "--clean", "--c"), "--config")
  test.contains(bash("run", "setup.lua", "--"), "--boot-timeout")
  test.equal(bash("run", "--quiet", "--log-format", "json", "build.lua", "--j"), "--jobs")
end)

test("so are the values of an option", function()
  test.equal(bash("run", "build.lua", "--level", ""), "high low")
  test.equal(bash("run", "build.lua", "--level", "h"), "high")
  test.equal(bash("run", "build.lua", "--level", "="), "high low")
  test.equal(bash("run", "build.lua", "--level", "=", "l"), "low")
  test.equal(bash("run", "build.lua", "--tree", "f"), "folder")
  test.equal(bash("run", "build.lua", "--config", "build"), "build.lua")
  test.equal(bash("run", "build.lua", "--jobs", ""), "")
  test.equal(bash("run", "setup.lua", "--net", "t"), "tap")
end)

test("scripts are those of the stdlib, of the team and files", function()
  test.equal(bash("run", "s"), "setup.lua")
  test.equal(bash("run", "de"), "deploy.lua")
  test.equal(bash("run", "lib"), "")
  test.equal(bash("run", "pl"), "plain.lua")
  test.equal(bash("run", "--d"), "--dry-run")
end)

test("a script without a declaration, and one that is none, give no options", function()
  test.equal(bash("run", "plain.lua", "--"), "")
  test.equal(bash("run", "broken.lua", "--"), "")
  test.equal(bash("run", "nothing.lua", "--"), "")
end)

test("commands and their options are offered as before", function()
  test.equal(bash("d"), "doctor down")
  test.equal(bash("types", "--i"), "--install")
end)

test("completion runs nothing", function() test.equal(kdev.fs.exists "ran", false) end)

test("a script of the team runs by its name", function()
  test.equal(kdev.proc.run({ exe, "run", "deploy.lua", "now" }).stdout, "deployed\tnow\n")
end)

local has_fish <const> = pcall(kdev.proc.run, { "fish", "--version" })
test("fish offers the same" .. (has_fish and "" or ": no fish, not tried"), function()
  if not has_fish then return end
  kdev.fs.mkdir "bin"
  kdev.proc.run { "ln", "-s", exe, "bin/kdevlua" }
  local function fish(line)
    return kdev.proc.run({
      "fish", "--no-config", "-c", "source fish; complete -C $argv[1]", line,
      env = { PATH = kdev.fs.absolute "bin" .. ":" .. kdev.env.get "PATH" },
    }).stdout
  end
  test.contains(fish "kdevlua run build.lua --conf", "--config\ta file: x86\n")
  test.contains(fish "kdevlua run build.lua --level ", "low\n")
  test.contains(fish "kdevlua run de", "deploy.lua\tDeploys\n")
end)

local has_zsh <const> = pcall(kdev.proc.run, { "zsh", "--version" })
test("zsh offers the same" .. (has_zsh and "" or ": no zsh, not tried"), function()
  if not has_zsh then return end
  kdev.fs.mkdir "zfunc"
  kdev.fs.mkdir "zbin"
  kdev.proc.run { "ln", "-s", exe, "zbin/kdevlua" }
  kdev.fs.write("zfunc/_kdevlua", kdev.fs.read "zsh")
  -- The completion system works in a terminal only: an inner zsh has one, and a tab is typed into it.
  local seen <const> = kdev.proc.run({ "zsh", "-f", "-c", [[
    zmodload zsh/zpty
    zpty z "zsh -f -i"
    zpty -w z "PS1=; fpath=($PWD/zfunc $fpath); path=($PWD/zbin $path)"
    zpty -w z "autoload -U compinit; compinit -u -D; print re''ady"
    zpty -r -m z line '*ready*'
    zpty -w -n z $'kdevlua run build.lua --conf\t'
    zpty -r -m z line '*--config*' && print -r -- "$line"
    zpty -d z
  ]], timeout = 20, check = false, env = { ZDOTDIR = kdev.fs.absolute ".", TERM = "dumb" } })
  test.contains(seen.stdout, "--config")
end)

test.done()
