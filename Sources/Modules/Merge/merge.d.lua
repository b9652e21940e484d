---@meta kdev.merge

--- Configurations made by merging YAML fragments under small Lua scripts, exactly as teuthology merges the jobs of a suite.
---@class kdev.merge
--- Merges fragments over a base configuration: `kdev.merge { fragments = { "a.yaml", "b.yaml" } }`. Errors: kind "merge" when
--- fragments do not merge or a script fails, with file and line.
---@overload fun(options: kdev.merge.MergeOptions): kdev.merge.Result
local merge = {}

---@class kdev.merge.MergeOptions
---@field fragments any[] In order: the path of a YAML file, of a folder whose files are all taken, or a fragment itself as a table.
---@field base_config? table The configuration to begin with, which scripts see as `base_config`.
---@field description? string What scripts see as `description`, and filters search.
---@field suite_name? string Goes before the description, and scripts see it.
---@field seed? integer What `math.random` begins with. Default 1.
---@field filter? string[] The description must have one of these texts.
---@field filter_out? string[] It must have none of these.
---@field filter_all? string[] It must have all of these.
---@field filter_fragments? boolean Look for the texts in fragments' paths, too, as Lua patterns. Default false.
---@field globals? table What the scripts see as further globals, by name.

--- A fragment or configuration that was rejected.
---@class kdev.merge.Rejection
---@field fragment? string The path of the fragment whose script rejected.
---@field line? integer The line in its file.
---@field reason string What the script gave as its reason, or the line that rejects, or the filter.

--- Where a value comes from.
---@class kdev.merge.Origin
---@field path string Its keys with dots between.
---@field value string The value as JSON.
---@field origin string The path of the fragment that gave it, or what there was before.

---@class kdev.merge.Result
---@field config? table The merged configuration; nil when it was rejected.
---@field rejected? kdev.merge.Rejection Which script or filter rejected it.
---@field description string
---@field fragments string[] The paths of the fragments that were merged.
---@field dropped kdev.merge.Rejection[] The fragments that their premerge scripts dropped.
---@field origins kdev.merge.Origin[] Each value of the configuration, in its order.

---@class kdev.merge.SuiteOptions
---@field folder string The suite's folder, as "~/ceph/qa/suites/fs".
---@field base_config? table The configuration that all jobs begin with.
---@field suite_name? string What descriptions begin with. Default: what follows suites/ in the folder's path.
---@field seed? integer For what is drawn. Default 1.
---@field subset? string One slice of the jobs, as "0/32".
---@field nested_subsets? boolean Whether the numbers in % count. Default true.
---@field compat? boolean Do as teuthology does where it is plainly wrong, so that the jobs are the same. Default true.
---@field filter? string[] Jobs whose description has one of these texts.
---@field filter_out? string[] Jobs whose description has none of these.
---@field filter_all? string[] Jobs whose description has all of these.
---@field filter_fragments? boolean Look for the texts in fragments' paths, too, as Lua patterns. Default false.
---@field globals? table What the scripts see as further globals, by name.
---@field keep_going? boolean Give a job that cannot be merged with the field `error`, and go on. Default false.

--- A job of a suite.
---@class kdev.merge.Job
---@field description string
---@field fragments? string[] The paths of its fragments, dropped ones too.
---@field config? table
---@field error? string Why it could not be merged.

--- A function that gives the jobs of a teuthology suite one by one, in teuthology's order; those that scripts or filters
--- reject are left out: `for job in kdev.merge.suite { folder = "qa/suites/fs" } do ... end`. Errors: kind "merge", when the
--- suite cannot be read or a job cannot be merged.
---@param options kdev.merge.SuiteOptions
---@return fun(): kdev.merge.Job?
function merge.suite(options) end

---@class kdev.merge.ChooseOptions
---@field fragments string A folder of fragments: a path, or the name of one in fragments/ of the stdlib, which `.kdevlua/fragments/NAME` of a repository and `~/.config/kdevlua/fragments/NAME` add to and override.
---@field base? table The configuration to begin with.
---@field globals? table What the scripts see as globals, by name.
---@field over? kdev.merge.Over[] What is merged over all that was chosen, before the postmerge scripts.
---@field forced? table<string, string> For a facet the alternative to take, such as { accel = "kvm" }.

---@class kdev.merge.Over
---@field origin string What values that come from it are said to come from, as "--memory".
---@field config table

---@class kdev.merge.Facet
---@field name string The facet's folder.
---@field chosen string The name of the alternative.
---@field path string Its fragment.
---@field forced boolean
---@field rejected string[] Why the alternatives before it were not taken, a line each.

---@class kdev.merge.Choice
---@field config table The merged configuration.
---@field facets kdev.merge.Facet[] In the order of their decision.
---@field origins kdev.merge.Origin[] Each value of the configuration, in its order.

--- Takes from each folder of fragments the first whose premerge script does not reject it, and merges them. Errors: kind
--- "choice" when a facet has no alternative left, the forced one is rejected, or a postmerge script rejects the whole, with each
--- reason.
---@param options kdev.merge.ChooseOptions
---@return kdev.merge.Choice
function merge.choose(options) end

return merge
