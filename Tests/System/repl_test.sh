# The prompt in a real terminal: tmux, whose screen is looked at.
# shellcheck shell=bash

# Each terminal is a tmux of its own, in the test's namespace, which ends with it.
terminals=0
# shellcheck disable=SC2154 # The fixture sets it.
terminal() { inside tmux -S "$work/tmux$terminals" -f /dev/null "$@"; }

# begin [COMMAND]: a terminal of 80 columns with the prompt, or that command, in it.
begin() {
  command -v tmux >/dev/null || skip 'tmux is missing'
  terminals=$((terminals + 1))
  (cd "$work/share" && terminal new-session -d -x 80 -y 24 \
    "LC_ALL=C.UTF-8 ${1:-$PROGRAM repl}; echo \"[ended with \$?]\"; stty -a | grep -o ' -*icanon'; sleep 1000")
  [ $# -gt 0 ] || shows 'help() helps'
}

# The same with a function when(FILE, f): a task that calls f once the file is there.
begin_with_when() {
  cat >"$work/share/when.lua" <<-'lua'
	function when(name, f)
	  kdev.task.spawn(function()
	    while not io.open(name) do kdev.task.sleep(0.01) end
	    f()
	  end)
	end
	function closes()
	  local c <close> = setmetatable({}, { __close = function() print "closed" end })
	  kdev.task.sleep(1000)
	end
	lua
  begin "$PROGRAM repl when.lua"
  shows 'help() helps'
}

# type TEXT: its characters, one after the other. press KEY...: as tmux names them.
type() { terminal send-keys -l -- "$1"; }
press() { terminal send-keys "$@"; }
# enter TEXT: types a line.
enter() {
  type "$1"
  press Enter
}
# The lines of the screen without the blank ones below.
screen() { terminal capture-pane -p | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'; }
# shows TEXT: the screen comes to have that text in it.
shows() {
  local now
  for _ in $(seq 200); do
    now=$(screen)
    [[ $now == *"$1"* ]] && return
    sleep 0.1
  done
  fail "'$1' is not shown: $now"
}
# last LINE: the last line of the screen comes to be that.
last() {
  local now
  for _ in $(seq 200); do
    now=$(screen | tail -n 1)
    [ "$now" = "$1" ] && return
    sleep 0.1
  done
  fail "the last line is '$now', not '$1': $(screen)"
}

test_an_expression_is_printed_and_kept() {
  begin
  enter '1+1'
  shows $'> 1+1\n2\n>'
  enter '_ * 21'
  shows $'\n42\n>'
  enter '= "a", {1, {b = "c"}}'
  shows $'\na       { 1, { b = "c" } }\n>'
}

test_tasks_print_while_a_line_is_edited() {
  begin_with_when
  enter 'when("go", function() print "from the task" end)'
  last '>'
  type 'half a line'
  last '> half a line'
  touch "$work/share/go"
  shows $'from the task\n> half a line'
  type ' and more'
  last '> half a line and more'
  [ "$(screen | grep -c 'half a line')" = 1 ] || fail "a copy of the line is left: $(screen)"
}

test_output_of_programs_and_unfinished_lines_keep_the_line_whole() {
  begin_with_when
  enter 'when("a", function() os.execute("echo from a shell; echo its error >&2") end)'
  enter 'when("b", function() io.write("one"); io.flush() end)'
  enter 'when("c", function() io.write(" two\n") end)'
  last '>'
  type 'x = "日本"'
  touch "$work/share/a"
  shows $'from a shell\nits error\n> x = "日本"'
  touch "$work/share/b"
  shows $'its error\none\n> x = "日本"'
  touch "$work/share/c"
  shows $'its error\none two\n> x = "日本"'
}

test_an_unfinished_line_of_wide_characters_that_wraps_is_printed_once() {
  begin_with_when
  enter 'when("a", function() io.write(("日"):rep(50), "!"); io.flush() end)'
  enter 'when("b", function() print " two" end)'
  last '>'
  type 'x'
  touch "$work/share/a"
  shows $'日!\n> x'
  touch "$work/share/b"
  shows $'日!\n two\n> x'
  [ "$(screen | grep -c '日日')" = 2 ] || fail "a copy of the line is left: $(screen)"
}

test_tab_completes_options_of_a_function_and_their_values() {
  begin
  type 'kdev.di'
  press Tab
  last '> kdev.disk'
  type '.cr'
  press Tab
  type ' { pa'
  press Tab
  last '> kdev.disk.create { path ='
  type '"a", f'
  press Tab
  last '> kdev.disk.create { path = "a", format ='
  press Tab
  last '> kdev.disk.create { path = "a", format = "'
  press Tab
  shows $'qcow2  raw'
  type 'r'
  press Tab
  last '> kdev.disk.create { path = "a", format = "raw"'
  type ', '
  press Tab
  last '> kdev.disk.create { path = "a", format = "raw", size ='
}

test_a_text_that_is_not_whole_goes_on() {
  begin
  enter 'for i = 1, 2 do'
  last '>>'
  enter '  print("turn " .. i)'
  enter 'end'
  shows $'>> end\nturn 1\nturn 2\n>'
  press Up
  shows $'> for i = 1, 2 do\n>>   print("turn " .. i)\n>> end'
  press Up
  type 'X'
  shows '>>   pXrint("turn " .. i)'
}

test_a_paste_of_several_lines_is_one_input() {
  begin
  printf 'do\n\tlocal a = 20\n\tprint("sum", a + 1)\nend' | terminal load-buffer -
  terminal paste-buffer -p
  shows '>> end'
  lacks "$(screen)" $'\nsum'
  press Enter
  shows $'>> end\nsum     21\n>'
  press Up
  last '>> end'
  press C-p C-p C-p C-e
  type ' -- pasted'
  shows '> do -- pasted'
}

test_history_is_shared_by_sessions() {
  begin
  enter 'first = 1'
  enter $'if first then'
  enter 'print("two lines") end'
  enter ' secret = 2'
  enter 'exit'
  shows '[ended with 0]'
  [ "$(stat -c %a "$KDEVLUA_STATE/repl_history")" = 600 ] || fail 'the history can be read by others'
  lacks "$(cat "$KDEVLUA_STATE/repl_history")" secret
  begin
  press Up Up
  last '>> print("two lines") end'
  press PPage
  last '> first = 1'
  press C-c
  press C-r
  type 'two li'
  shows "(reverse-i-search)\`two li': if first then"
}

test_ctrl_c_ends_the_line_and_not_the_session() {
  begin
  enter 'while true do end'
  shows $'> while true do end'
  press C-c
  shows 'interrupted'
  enter 'print "waits" kdev.task.sleep(1000)'
  shows $'\nwaits'
  press C-c
  shows $'\nwaits\n^Cinterrupted\n>'
  enter '"alive"'
  shows $'\nalive\n>'
  type 'rubbish'
  press C-c
  last '>'
  press C-c C-c
  shows 'Ctrl-D or exit ends the session'
}

test_an_error_comes_with_its_traceback() {
  begin
  enter 'function f() error "deep" end'
  enter 'function g() f() end'
  enter 'kdev.task.spawn(function() g() end):await()'
  shows $'stdin:1: deep\nstack traceback:\n'
  shows "in function 'f'"
  shows $'awaited from:\n'
  enter '"alive"'
  shows $'\nalive\n>'
}

test_a_program_reads_the_terminal_and_gives_it_back() {
  cat >"$work/share/reads.lua" <<-'lua'
	local proc <const> = require "kdev.proc"
	proc.run { "sh", "-c", "read line; echo got $line", stdin = "inherit", stdout = "inherit" }
	print("then " .. io.read())
	lua
  begin "$PROGRAM run reads.lua"
  enter 'first'
  shows 'got first'
  enter 'second'
  shows 'then second'
  shows '[ended with 0]'
}

test_a_ctrl_c_right_behind_a_line_is_meant_for_it() {
  begin
  for _ in 1 2 3 4 5; do
    type 'while true do end'
    press Enter C-c
  done
  enter '"alive"'
  shows $'\nalive\n>'
}

test_ctrl_c_ends_the_printing_of_a_result() {
  begin
  enter 'setmetatable({}, { __tostring = function() print "loops"; while true do end end })'
  shows $'\nloops'
  press C-c
  shows '(a table value)'
  enter '"alive"'
  shows $'\nalive\n>'
}

test_ctrl_c_at_the_prompt_ends_a_task_that_never_waits() {
  begin_with_when
  enter 'when("go", function() print "spins"; while true do end end)'
  last '>'
  touch "$work/share/go"
  shows 'spins'
  press C-c
  enter '"alive"'
  shows $'\nalive\n>'
}

test_a_failed_task_and_its_os_exit_come_to_the_prompt() {
  begin_with_when
  enter 'when("a", function() error("lost") end)'
  enter 'when("b", function() os.exit(3) end)'
  last '>'
  type 'half'
  last '> half'
  touch "$work/share/a"
  shows 'error in a task that nobody awaited: stdin:1: lost'
  last '> half'
  touch "$work/share/b"
  shows $'> half\n[ended with 3]\n icanon'
}

test_a_script_is_run_before_the_first_prompt() {
  echo 'value = ... .. "!" print("script", arg[1])' >"$work/share/script.lua"
  begin "$PROGRAM repl -e 'other = 5' script.lua word"
  shows $'script  word\n'
  enter 'value, other'
  shows $'word!   5\n>'
}

test_more_output_than_a_pipe_holds_goes_above_the_line() {
  begin_with_when
  enter 'when("go", function() for i = 1, 20000 do print("line", i) end end)'
  last '>'
  type 'half'
  last '> half'
  touch "$work/share/go"
  shows $'line    19999\nline    20000\n> half'
}

test_help_shows_the_text_of_the_type_files() {
  begin
  enter 'help(kdev.disk.create)'
  shows 'size  string or integer'
  press C-l
  last '>'
  enter 'help "kdev.machine"'
  shows 'did you mean "kdev.Machine"?'
}

test_the_end_restores_the_terminal_and_ends_tasks() {
  begin_with_when
  enter 'kdev.task.spawn(closes)'
  last '>'
  enter 'os.exit(7)'
  shows $'closed\n[ended with 7]\n icanon'
}

test_a_signal_restores_the_terminal_and_ends_tasks() {
  begin_with_when
  enter 'kdev.task.spawn(closes)'
  type 'half'
  last '> half'
  pkill -TERM -P "$(terminal display-message -p '#{pane_pid}')"
  shows $'closed\n[ended with 130]\n icanon'
}

test_ctrl_z_stops_and_fg_brings_the_line_back() {
  begin 'bash --norc'
  enter "PS1='shell: '; $PROGRAM repl"
  shows 'help() helps'
  type 'x = 4'
  last '> x = 4'
  press M-Enter
  type 'y = 5'
  last '>> y = 5'
  press C-z
  shows 'Stopped'
  last 'shell:'
  enter 'fg'
  last '>> y = 5'
  equal "$(screen | grep -c 'x = 4')" 2
  press Enter
  enter 'x + 1'
  shows $'\n5\n>'
  press C-d
  last 'shell:'
}

test_a_long_line_survives_another_width() {
  begin
  type 'x = "aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd eeeeeeeeee"'
  shows 'eeeeeeeeee"'
  terminal resize-window -x 40 -y 24
  shows $'> x = "aaaaaaaaaa bbbbbbbbbb cccccccccc\ndddddddddd eeeeeeeeee"'
  equal "$(screen | grep -c 'x = ')" 1
  press C-a
  type 'y'
  shows $'> yx = "aaaaaaaaaa bbbbbbbbbb cccccccccc\n dddddddddd eeeeeeeeee"'
}

test_lines_of_a_pipe_and_of_a_dumb_terminal_are_taken_as_they_come() {
  equal "$(printf '1+1\nfor i = 1, 2 do\nprint(i)\nend\nx = io.read()\nread\nx\n' | kd repl 2>&1)" $'2\n1\n2\nread'
  begin "TERM=dumb $PROGRAM repl"
  enter 'kdev.task.spawn(function() kdev.task.sleep(0.1) print "from the task" end)'
  shows 'from the task'
  enter '6*7'
  shows $'42\n>'
}
