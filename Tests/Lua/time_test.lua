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
  local lengths <const> = {
    ["300ms"] = 0.3, ["90s"] = 90, ["5m"] = 300, ["1.5h"] = 5400, ["7d"] = 604800, ["7"] = 7, ["0"] = 0,
  }
  for text, seconds in pairs(lengths) do
    test.equal(time.parse_duration(text), seconds + 0.0)
  end
  test.equal(time.parse_duration(2), 2.0)
  for _, wrong in ipairs { "", "s", "5 x", "-1s", "nan", "inf", "1e9s", {}, true } do
    test.equal(test.fails('such as "90s" or "5m"', time.parse_duration, wrong).kind, "argument")
  end
end)

test("times of RFC 3339 are read as date(1) reads them", function()
  for _, text in ipairs { "2024-02-29T12:34:56Z", "1970-01-01", "1969-12-31T23:59:59Z", "2000-03-01T00:00:00+05:30",
    "1900-03-01", "2100-12-31 23:00:00-0100", "2024-05-17T10:30+02:00", "0001-01-01T00:00:00Z" } do
    local date <const> = kdev.proc.run { "date", "-u", "-d", (text:gsub("(%d)T", "%1 ")), "+%s", query = true }
    test.equal({ text, ("%d"):format(time.parse(text) // 1) .. "\n" }, { text, date.stdout })
  end
  test.equal(time.parse "2001-09-09T01:46:40.25z", 1e9 + 0.25)
  test.equal(time.parse(time.format(1e9)), 1e9)
end)

test("what is no time is an error", function()
  for _, text in ipairs {
    "", "now", "2024-13-01", "2023-02-29", "2024-1-1", "2024-01-01T24:00:00Z", "2024-01-01T00:00:61Z",
    "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+2", "2024-01-01x", "2024-01-01T",
  } do
    test.equal({ text, test.fails("is not a time", time.parse, text).kind }, { text, "invalid" })
  end
end)

test("a length of time for people has its two largest units", function()
  for seconds, text in pairs { [0] = "0 ms", [0.3] = "300 ms", [1] = "1 s", [2.54] = "2.5 s", [59.99] = "1 min",
    [65] = "1 min 5 s", [3600] = "1 h", [3905] = "1 h 5 min", [90000] = "1 d 1 h" } do
    test.equal(time.format_duration(seconds), text)
  end
  test.equal(test.fails("seconds from 0", time.format_duration, -1).kind, "argument")
end)

test.done()
