-- kdev.time
local test <const> = require "testing"
local kdev <const> = require "kdev"
local time <const> = kdev.time

test("the clocks go on", function()
  local wall <const>, start <const> = time.now(), time.monotonic()
  kdev.task.sleep(0.01)
  local passed <const> = time.monotonic() - start
  test.equal({ passed >= 0.01, passed < 5, math.abs(wall - os.time()) < 5 }, { true, true, true })
end)

test("times are formatted in UTC", function()
  test.equal(time.format(1e9), "2001-09-09T01:46:40Z")
  test.equal(time.format(-0.5, "%F %T"), "1969-12-31 23:59:59")
  test.equal({ time.format(0, ""), time.format(0, "%% é"), time.format():sub(1, 4) }, { "", "% é", os.date "!%Y" })
  test.equal(#time.format(0, ("%Y"):rep(1000)), 4000)
  test.equal(test.fails("is not a time", time.format, 1 / 0).kind, "invalid")
  test.equal(test.fails("have no date", time.format, 1e18).kind, "invalid")
end)

test("lengths of time are read as options read them", function()
  for text, seconds in pairs { ["300ms"] = 0.3, ["90s"] = 90, ["5m"] = 300, ["1.5h"] = 5400, ["7"] = 7, ["0"] = 0 } do
    test.equal(time.parse_duration(text), seconds + 0.0)
  end
  test.equal(time.parse_duration(2), 2.0)
  for _, wrong in ipairs { "", "s", "5 x", "-1s", "nan", "inf", "1e9s", {}, true } do
    test.equal(test.fails('such as "90s" or "5m"', time.parse_duration, wrong).kind, "argument")
  end
end)

test.done()
