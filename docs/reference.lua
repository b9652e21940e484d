-- Makes docs/reference/MODULE.md from Sources/Modules/*/*.d.lua, and the list of them. Run it by scripts/reference.
local kdev <const> = require "kdev"

local opt <const> = kdev.cli.options {
  about = "Makes the reference pages from the *.d.lua files. Run it in the root of the repository.",
  { "out", value = "DIR", default = "docs/reference", help = "folder of the pages" },
  { "check", type = "flag", help = "write nothing; fail when a page is not up to date" },
}

-- Pages of that folder that are written by hand.
local by_hand <const> = {
  { "commands.md", "The commands, their options and exit statuses" },
  { "environment.md", "Environment variables, and where things are kept" },
  { "errors.md", "Error objects and their kinds" },
  { "fragment-scripts.md", "Scripts in fragments: what they may do" },
  { "teuthology-differences.md", "Differences from teuthology: errors, bugs, options" },
  { "task.md", "`kdev.task`: several things at once" },
}

local made_by <const> = "<!-- Made by scripts/reference from %s. Do not edit. -->\n"

---- Reading -----------------------------------------------------------------------------------------------------

-- Splits "TYPE text" behind the type: a space ends it, unless a bracket or quote is open.
local function split_type(rest)
  local depth, quoted = 0, false
  for place = 1, #rest do
    local char <const> = rest:sub(place, place)
    if char == '"' then
      quoted = not quoted
    elseif not quoted then
      if char:find "[<({]" then depth = depth + 1 end
      if char:find "[>)}]" then depth = depth - 1 end
      -- The result of a function type: "fun(): any".
      if char == " " and depth == 0 and rest:sub(place - 1, place - 1) ~= ":" then
        return rest:sub(1, place - 1), (rest:sub(place + 1):gsub("^ +", ""))
      end
    end
  end
  return rest, ""
end

local function parse_field(line)
  local name, rest = line:match "^(%[%a+%]%??) +(.*)$"
  if not name then name, rest = line:match "^(%S+) +(.*)$" end
  local type <const>, text <const> = split_type(rest)
  return { name = name:gsub("%?$", ""), optional = name:sub(-1) == "?", type = type, text = text }
end

-- A *.d.lua file as a table: name, text, classes and functions in the order of the file.
local function parse(source)
  local page <const> = { classes = {}, functions = {}, text = nil }
  local comment, parameters, results, open = {}, {}, {}, nil
  for line in (source .. "\n"):gmatch "(.-)\n" do
    local tag <const>, rest <const> = line:match "^%-%-%-@(%a+) *(.*)$"
    if tag == "meta" then
      page.name = rest
    elseif tag == "class" then
      local name <const>, parent <const> = rest:match "^([%w_.]+):? *([%w_.]*)$"
      open = { name = name, parent = parent, text = table.concat(comment, "\n"), fields = {} }
      if name == page.name then
        page.text = open.text
      else
        page.classes[#page.classes + 1] = open
      end
      comment = {}
    elseif tag == "field" then
      open.fields[#open.fields + 1] = parse_field(rest)
    elseif tag == "overload" then
      -- The module itself can be called.
      local name <const>, type <const>, result <const> = rest:match "^fun%((%w+): ([%w_.|]+)%): (.+)$"
      page.call = {
        arguments = name, parameters = { { name = name, type = type, text = "" } },
        results = { { type = result, text = "" } }, text = table.concat(comment, "\n"),
      }
      comment = {}
    elseif tag == "param" then
      parameters[#parameters + 1] = parse_field(rest)
    elseif tag == "return" then
      local type <const>, text <const> = split_type(rest)
      results[#results + 1] = { type = type, text = text }
    elseif not tag and line:find "^%-%-%-" then
      comment[#comment + 1] = line:sub(4):gsub("^ ", "")
    elseif not tag then
      local name <const>, arguments <const> = line:match "^function ([%w_.:]+)%((.-)%)"
      if name then
        page.functions[#page.functions + 1] = {
          name = name, arguments = arguments, parameters = parameters, results = results,
          text = table.concat(comment, "\n"),
        }
      end
      comment, parameters, results = {}, {}, {}
    end
  end
  return page
end

---- Writing -----------------------------------------------------------------------------------------------------

local home <const> = {} -- of a class: the page and the heading that tell of it

-- GitHub's anchor of a heading.
local function anchor(heading) return (heading:lower():gsub("[^%w _-]", ""):gsub(" ", "-")) end

-- A type as code, each class in it a link.
local function show_type(type, page)
  local parts <const> = {}
  for part in (type:gsub("|", "\0") .. "\0"):gmatch "(.-)%z" do
    local class <const> = part:match "kdev%.[%w_.]+"
    local target <const> = class and home[class]
    if target then
      local file <const> = target.page == page and "" or target.page.file
      parts[#parts + 1] = ("[`%s`](%s#%s)"):format(part, file, anchor(target.heading))
    else
      parts[#parts + 1] = "`" .. part .. "`"
    end
  end
  return table.concat(parts, " or ")
end

-- The text of a field without the sentence that tells the default, and that default.
local function split_default(text)
  local sentence <const> = text:match "Default:? (.*)$"
  if not sentence then return text, nil end
  local before <const> = text:sub(1, #text - #sentence):gsub("Default:? $", "")
  local default <const>, after <const> = sentence:match "^(.-)%. (.*)$"
  if default then return before .. after, default end
  return before:gsub(" $", ""), (sentence:gsub("%.$", ""))
end

local function code_if_value(text)
  local is_value <const> = text:find '^["{%d]' and not text:find " %l" or text == "true" or text == "false"
  return is_value and "`" .. text .. "`" or text
end

local function cell(text) return (text:gsub("|", "\\|"):gsub("\n", " ")) end

local function options_table(fields, page)
  local lines <const> = { "| Field | Type | Default | |", "| --- | --- | --- | --- |" }
  for _, field in ipairs(fields) do
    local text <const>, default <const> = split_default(field.text)
    local name <const> = field.name == "[integer]" and "`[1]`, `[2]`, ..." or "`" .. field.name .. "`"
    local shown = default and code_if_value(default)
    if not shown then shown = (field.optional or field.name == "[integer]") and "" or "required" end
    local type <const> = cell(show_type(field.type, page))
    lines[#lines + 1] = ("| %s | %s | %s | %s |"):format(name, type, cell(shown), cell(text))
  end
  return table.concat(lines, "\n")
end

local function fields_table(fields, page)
  local lines <const> = { "| Field | Type | |", "| --- | --- | --- |" }
  for _, field in ipairs(fields) do
    local type <const> = show_type(field.type, page) .. (field.optional and " or `nil`" or "")
    lines[#lines + 1] = ("| `%s` | %s | %s |"):format(field.name, cell(type), cell(field.text))
  end
  return table.concat(lines, "\n")
end

local function write_function(out, name, entry, page)
  out[#out + 1] = ("### %s(%s)\n"):format(name, entry.arguments)
  out[#out + 1] = entry.text .. "\n"
  local plain <const> = {}
  for _, parameter in ipairs(entry.parameters) do
    local class <const> = page.options[parameter.type]
    if class then
      local optional <const> = parameter.optional and ", which can be left out" or ""
      out[#out + 1] = ("`%s` is a table%s:\n"):format(parameter.name, optional)
      out[#out + 1] = options_table(class.fields, page) .. "\n"
    else
      local optional <const> = parameter.optional and ", optional" or ""
      local text <const> = parameter.text ~= "" and ". " .. parameter.text or ""
      plain[#plain + 1] = ("- `%s`: %s%s%s"):format(parameter.name, show_type(parameter.type, page), optional, text)
    end
  end
  if #plain > 0 then out[#out + 1] = "Parameters:\n\n" .. table.concat(plain, "\n") .. "\n" end
  for _, result in ipairs(entry.results) do
    local text <const> = result.text:gsub("^%.%.%. *", "")
    local is_sentence <const> = text:find "^%u" or text:find " "
    out[#out + 1] = "Returns " .. show_type(result.type, page) .. (is_sentence and ": " .. text or ".") .. "\n"
  end
end

local function is_object(class) return class.parent == "userdata" end

local function write_page(page)
  local out <const> = { made_by:format(page.source), "# " .. page.name .. "\n", page.text .. "\n" }
  out[#out + 1] = "## Functions\n"
  if page.call then write_function(out, page.name, page.call, page) end
  for _, entry in ipairs(page.functions) do
    if not entry.name:find ":" then write_function(out, "kdev." .. entry.name, entry, page) end
  end
  for _, class in ipairs(page.classes) do
    if not page.options[class.name] then
      out[#out + 1] = "## " .. home[class.name].heading .. "\n"
      if class.text ~= "" then out[#out + 1] = class.text .. "\n" end
      local is_input <const> = class.name:find "Option" and not is_object(class)
      if #class.fields > 0 then
        out[#out + 1] = (is_input and options_table or fields_table)(class.fields, page) .. "\n"
      end
      local short <const> = class.name:match "[%w_]+$"
      for _, entry in ipairs(page.functions) do
        if entry.name:match "^([%w_]+):" == short then
          write_function(out, short:lower() .. entry.name:match ":.*", entry, page)
        end
      end
    end
  end
  return table.concat(out, "\n")
end

local function write_list(pages)
  local out <const> = {
    made_by:format "Sources/Modules", "# Reference\n",
    "Modules are fields of `require \"kdev\"`. Each is loaded when it is first used.\n",
    "| Module | |", "| --- | --- |",
  }
  local made <const> = {}
  for _, page in ipairs(pages) do
    local about <const> = page.text:match "^(.-%.)[ \n]" or page.text
    out[#out + 1] = ("| [`%s`](%s) | %s |"):format(page.name, page.file, cell(about))
    made[page.file] = true
  end
  out[#out + 1] = "\nBesides:\n"
  for _, entry in ipairs(by_hand) do
    if not made[entry[1]] then out[#out + 1] = ("- [%s](%s)"):format(entry[2], entry[1]) end
  end
  return table.concat(out, "\n") .. "\n"
end

---- Options of scripts ------------------------------------------------------------------------------------------

-- What a script gives to kdev.cli.options: it is run up to there, and no further.
local function options_of(path)
  local spec
  local cli <const> = { options = function(given) spec = given error "enough" end }
  local function require_stub() return { cli = cli } end
  pcall(assert(load((kdev.fs.read(path):gsub("^#[^\n]*", "")), "=" .. path, "t", { require = require_stub })))
  return assert(spec, path .. " calls no kdev.cli.options")
end

-- A table of the options, with the default that the help tells in a column of its own.
local function script_options(path)
  local lines <const> = { "| Option | Default | |", "| --- | --- | --- |" }
  for _, option in ipairs(options_of(path)) do
    local head = "--" .. option[1]
    if option.type ~= "flag" then
      head = head .. " " .. (option.value or table.concat(option.choices or { (option.type or "string"):upper() }, "|"))
    end
    local default <const> = option.default and tostring(option.default) or option.help:match "default: ([^;]*)" or ""
    local text <const> = option.help:gsub("; default: [^;]*", ""):gsub("^default: [^;]*;? ?", "")
    lines[#lines + 1] = ("| `%s` | %s | %s |"):format(cell(head), cell(default), cell(text))
  end
  return table.concat(lines, "\n")
end

-- Pages that are written by hand but for tables between "<!-- options SCRIPT -->" and "<!-- end -->".
local function with_options(page)
  return (page:gsub("(<!%-%- options ([%w_./]+)[^\n]*%-%->\n).-(<!%-%- end %-%->)", function(begin, path, finish)
    return begin .. script_options(path) .. "\n" .. finish
  end))
end

---- All pages ---------------------------------------------------------------------------------------------------

local found <const> = kdev.proc.run { "find", "Sources/Modules", "-name", "*.d.lua", query = true }.stdout
local pages <const> = {}
for path in found:gmatch "[^\n]+" do
  local page <const> = parse(kdev.fs.read(path))
  page.source, page.file = path, path:match "([%w_]+)%.d%.lua$" .. ".md"
  pages[#pages + 1] = page
end
assert(#pages > 0, "no *.d.lua file found; run this in the root of the repository")
table.sort(pages, function(a, b) return a.file < b.file end)

for _, page in ipairs(pages) do
  page.options = {}
  if page.call then page.options[page.call.parameters[1].type] = false end
  for _, entry in ipairs(page.functions) do
    for _, parameter in ipairs(entry.parameters) do page.options[parameter.type] = false end
  end
  for _, class in ipairs(page.classes) do
    if page.options[class.name] == false and not is_object(class) then
      page.options[class.name] = class
    else
      home[class.name] = { page = page, heading = (is_object(class) and "Object " or "Table ") .. class.name }
    end
  end
end

local stale <const> = {}
local function put(name, text)
  local path <const> = opt.out .. "/" .. name
  if opt.check then
    if not kdev.fs.exists(path) or kdev.fs.read(path) ~= text then stale[#stale + 1] = path end
  else
    kdev.fs.write(path, text)
  end
end
for _, page in ipairs(pages) do put(page.file, write_page(page)) end
put("README.md", write_list(pages))
put("commands.md", with_options(kdev.fs.read "docs/reference/commands.md"))
if #stale > 0 then error("not up to date, run scripts/reference: " .. table.concat(stale, ", "), 0) end
