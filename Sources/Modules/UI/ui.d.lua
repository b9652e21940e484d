---@meta kdev.ui

--- What a person sees of a script, and what a person is asked.
---
--- Notes, steps, progress and questions go to standard error, tables to standard output. With `--log-format json`
--- notes, steps and progress are events.
---
--- On a terminal, bars and spinners make room for what `print` and `io.write` write from the time on when this module
--- is loaded.
---@class kdev.ui
local ui = {}

---@class kdev.ui.ProgressOptions
---@field total? number How much there is to do. Default: nobody knows, and only what is done is shown.
---@field label? string What is done, such as "modules".
---@field unit? string What is counted, such as "files". "B" stands for bytes, shown as KiB, MiB or GiB.

---@class kdev.ui.TableOptions
---@field columns? string[] The fields of the rows to show, in this order. Default: all, sorted by name; of rows that are lists all elements.
---@field header? boolean|string[] Titles of the columns; false: none. Default: the names of the fields; none for lists.
---@field align? string[] "left", "right" or "center" for each column. Default: right for numbers, left for others.

---@class kdev.ui.ConfirmOptions
---@field default? boolean The answer to an empty line, and where there is no terminal. Default: none, so the question is repeated.
---@field yes? boolean The answer is yes, and nobody is asked: for a `--yes` option of the script. Default false.

---@class kdev.ui.PromptOptions
---@field default? string The answer to an empty line, and where there is no terminal.

---@class kdev.ui.SelectOptions
---@field default? string The choice for an empty line, and where there is no terminal.

--- Work that is counted. On a terminal it is a bar below all other output; in a pipe a line at every tenth. `<close>`
--- ends it: as failed when an error leaves the block.
---@class kdev.Progress: userdata
---@field done number How much is done.
---@field total? number How much there is to do.
local Progress = {}

--- Says something that the user should know of, beside the steps.
---@param text string
function ui.note(text) end

--- Runs `body` as a step: a line with its label and how long it took, a spinner while it lasts.
---@param label string
---@param body fun(): any
---@return any ... What `body` returns.
function ui.step(label, body) end

--- Begins to count a piece of work: `local progress <close> = ui.progress { total = #files, label = "files" }`.
---@param options? kdev.ui.ProgressOptions
---@return kdev.Progress
function ui.progress(options) end

--- Prints rows in columns to standard output. Values are shown as `tostring` gives them; widths count the columns of a
--- terminal, so wide characters and styles keep their place. On a terminal the widest columns are cut so that a row
--- fits in a line; elsewhere nothing is.
---@param rows table A list of rows: tables with the same fields, or lists.
---@param options? kdev.ui.TableOptions
function ui.table(rows, options) end

--- Asks a question with the answers yes and no; other tasks go on meanwhile. Errors: "missing" when there is no
--- terminal and no default; "invalid" when the input ends.
---@param question string
---@param options? kdev.ui.ConfirmOptions
---@return boolean
function ui.confirm(question, options) end

--- Asks for a line of text; other tasks go on meanwhile. Errors: as `confirm`.
---@param question string
---@param options? kdev.ui.PromptOptions
---@return string
function ui.prompt(question, options) end

--- Asks for one of several; other tasks go on meanwhile. Errors: as `confirm`.
---@param question string
---@param choices string[]
---@param options? kdev.ui.SelectOptions
---@return string
function ui.select(question, choices, options) end

--- The text in a style, where the stream shows colours: NO_COLOR, CLICOLOR_FORCE, FORCE_COLOR, CLICOLOR and TERM=dumb
--- are heeded. Elsewhere the text as it is.
---@param text string
---@param style string Words: bold, dim, italic, underline, inverse, strike; black, red, green, yellow, blue, magenta, cyan, white, gray; the same with "bright_" or, for the background, with "on_" before.
---@param stream? string "stdout" or "stderr", where the text will go. Default "stdout".
---@return string
function ui.style(text, style, stream) end

--- How many columns of a terminal a text takes; without a text, how many the terminal of standard output has, 80 when
--- there is none.
---@param text? string
---@return integer
function ui.width(text) end

--- Whether a stream is a terminal.
---@param stream? string "stdout" or "stderr". Default "stdout".
---@return boolean
function ui.is_terminal(stream) end

--- Whether changes are only printed.
---@return boolean
function ui.dry_run() end

--- Sets how much is done.
---@param done number
function Progress:update(done) end

--- Adds to what is done.
---@param count? number Default 1.
function Progress:advance(count) end

--- Changes the label.
---@param text string
function Progress:label(text) end

--- Sets how much there is to do, when it becomes known.
---@param total number
function Progress:set_total(total) end

--- Ends it, as done. A second time does nothing.
function Progress:close() end

return ui
