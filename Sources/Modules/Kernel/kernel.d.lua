---@meta kdev.kernel

--- Kernels to boot, and the small root of the default guest.
---@class kdev.kernel
local kernel = {}

---@class kdev.kernel.FindOptions
---@field path? string A bzImage or vmlinux. Default: the newest in /boot that has the drivers, else Debian's linux-image-amd64, unpacked into the cache without installing it.
---@field drivers? string[] Modules that the guest needs. Default: { "9pnet_virtio" }, which Debian's cloud kernels do not have.

--- A kernel.
---@class kdev.Kernel: userdata
---@field path string
---@field release string Its `uname -r`.
---@field modules? string The folder of its modules; nil when none were found.
---@field image? string Of a built kernel: the image to boot; nil when there is none yet.
---@field vmlinux? string Of a built kernel: the image with symbols; nil when there is none yet.
---@field output? string Of a built kernel: the folder that it was built into.
---@field source? string Of a built kernel: the top of its source.
---@field status? integer Of a built kernel: the exit status of make.
---@field diagnostics? kdev.kernel.Diagnostic[] Of a built kernel: the warnings and errors, in their order.
---@field steps? integer Of a built kernel: how many files were made; 0 when there was nothing to do.
---@field seconds? number Of a built kernel: how long it took.
---@field log? string Of a built kernel: the file with the whole output of make.
---@field packages? string[] Of a built kernel: the Debian packages that were made (bindeb-pkg).

--- Finds a kernel to boot. Errors: "missing" when there is none, with the command that brings one; "invalid" when the file
--- is no kernel.
---@param options? kdev.kernel.FindOptions
---@return kdev.Kernel
function kernel.find(options) end

---@class kdev.kernel.InitramfsOptions
---@field modules? string[] Modules that the guest can load besides, by name or alias, with all that they need: { "ceph", "crypto-cbc" }. `modprobe` finds them in the guest, and so does the kernel, for a `mount -t ceph`. One that is built in is left out.

--- Makes the initramfs of the default guest for a kernel: busybox, an init, the agent and the kernel's own modules. It is
--- cached under a checksum of all that is in it. Errors: "missing" for a module that the kernel does not have.
---@param kernel kdev.Kernel
---@param options? kdev.kernel.InitramfsOptions
---@return string path
function kernel.initramfs(kernel, options) end

--- A kernel's source.
---@class kdev.KernelTree: userdata
---@field path string Its top, absolute.
---@field version string As `make kernelversion` prints it.

---@class kdev.kernel.SourceOptions
---@field path? string Where the source is, or is to be. Default for an archive and a package: in the cache.
---@field checkout? string By git: a branch of a remote, such as "ceph/testing", a tag, a commit, or a branch of your own. Default: what is checked out; in a new repository "torvalds/master".
---@field remotes? table<string, string> By git: names and addresses. Default: torvalds and ceph, as documented.
---@field fetch? boolean By git: ask for what is new of the branch. Default: true; false asks only for what is not there.
---@field depth? integer By git: how many commits of the history. Default: all.
---@field blobless? boolean By git: files come when they are looked at (`--filter=blob:none`).
---@field worktree? string By git: a second folder of the repository, where `checkout` is; the result is that one.
---@field archive? string A tar archive of the source, such as "linux-6.1.tar.xz".
---@field package? string Debian's package of the source: "linux-source-6.1". Downloaded, unless it is installed.

--- Brings a kernel's source: by git, as documented (git init, remotes, fetch, checkout), when one of its options is given;
--- from an archive; from Debian's package; else the folder that is there. Run again, it takes over what is there, and fetches
--- what is new. Errors: "missing" for what is not there; "conflict" when something else is at the path, or a remote has another
--- address; "command" with the words of git, tar or apt.
---@param options kdev.kernel.SourceOptions
---@return kdev.KernelTree
function kernel.source(options) end

--- A warning or an error of a build.
---@class kdev.kernel.Diagnostic
---@field severity "error"|"warning"
---@field file? string From the top of the source; nil when it is of no file.
---@field line? integer
---@field column? integer
---@field message string
---@field option? string The warning's option, such as "-Wunused-variable".
---@field context string[] All lines that belong to it, as they were printed.

---@class kdev.kernel.BuildOptions
---@field tree string|kdev.KernelTree The kernel's source.
---@field output? string What is built goes there (`O=`). Default: into the source.
---@field targets? string[] What make is to make: {} is the kernel with all modules, { "modules" }, { "fs/ceph/" } compiles one folder, { "all", "compile_commands.json" }, { "bindeb-pkg" }.
---@field jobs? integer `-j`. Default: the processors, less when there is not half a gigabyte of memory for each.
---@field arch? string `ARCH=`: "arm64". Default: this machine's.
---@field cross_compile? string `CROSS_COMPILE=`: "aarch64-linux-gnu-".
---@field cc? string `CC=`. Default: gcc, or clang with llvm.
---@field llvm? boolean `LLVM=1 LLVM_IAS=1`: clang and the LLVM tools.
---@field ccache? boolean Compile through ccache(1). With and without it are different commands to make, which then compiles all again.
---@field distribute? "distcc"|"icecc" Compile on other machines, too.
---@field variables? table<string, string> More of make's variables: { KCFLAGS = "-g3" }.
---@field install_modules? boolean Put the modules, when all are built, where initramfs finds them. Default: true.
---@field check? boolean A build that fails is an error. Default: true; false leaves it to `status` and `diagnostics`.

--- Builds a kernel: `make O=OUTPUT -jN TARGETS`, with a bar that knows its length from the build before. The result can be
--- booted: `kdev.vm.launch { kernel = result, initramfs = kdev.kernel.initramfs(result) }`. Errors: "command" with the first
--- error of the build and the lines that belong to it; "missing" without a configuration, or for a program; "busy" when
--- another kdevlua builds there; "conflict" when the source has been built in itself.
---@param options kdev.kernel.BuildOptions
---@return kdev.Kernel
function kernel.build(options) end

---@class kdev.kernel.InstallModulesOptions
---@field tree string|kdev.KernelTree The kernel's source.
---@field output? string What it was built into. Default: the source.
---@field path string The folder that gets lib/modules/RELEASE (`INSTALL_MOD_PATH=`).
---@field strip? boolean Leave the debug information out, which makes them a tenth of the size. Default: true.
---@field arch? string `ARCH=`, as for build.
---@field cross_compile? string `CROSS_COMPILE=`, as for build.
---@field cc? string `CC=`, as for build.
---@field llvm? boolean As for build.
---@field ccache? boolean As for build.
---@field jobs? integer As for build.

--- Installs a kernel's modules below a folder: `make modules_install`. Before it, all modules are built: else, after a build of
--- single ones, only those would be installed. Errors: as for build.
---@param options kdev.kernel.InstallModulesOptions
---@return string modules The folder `lib/modules/RELEASE`, with `path` before it.
function kernel.install_modules(options) end

---@class kdev.kernel.ConfigureOptions
---@field tree string|kdev.KernelTree The kernel's source.
---@field output? string Where the configuration goes and the kernel will be built (`O=`). Default: into the source.
---@field base? string|kdev.Machine|kdev.Kernel What it begins with: a machine, for the configuration of the kernel that runs in it; a kernel, for the one it was built with; "distribution", for Debian's; "defconfig", "tinyconfig" or another of make's; a file. Default: what is there, else "defconfig".
---@field localmodconfig? string|kdev.Machine Leave out the modules that are not loaded: in a machine, or by a file with what lsmod prints.
---@field fragments? string[] Options to merge, in their order: "ceph", "debug", "guest", "kasan", "kgdb", "lockdep", "xfs"; the kernel's own of kernel/configs, as "kvm_guest"; a team's of fragments/kernel/NAME.config; a file, as "./my.config".
---@field options? table<string, string|boolean|integer> Options to merge after them: { CEPH_FS = "m", XFS_FS = true, LOCALVERSION = "-mine", NR_CPUS = 8 }.
---@field strict? boolean An option that did not stick is an error, and the configuration stays as it was.
---@field anew? boolean Make it also when all that it depends on is as it was: the call, the files of Kconfig and the compiler. Default false.
---@field arch? string `ARCH=`, as for build.
---@field cross_compile? string `CROSS_COMPILE=`, as for build.
---@field cc? string `CC=`, as for build: some options depend on the compiler.
---@field llvm? boolean As for build.
---@field ccache? boolean As for build.
---@field jobs? integer As for build.

--- What became of a configuration.
---@class kdev.kernel.Configuration
---@field path string The .config.
---@field tree string
---@field output string
---@field changed boolean Whether it differs from what was there before.
---@field stuck kdev.kernel.StuckOption[] Options that were asked for and are otherwise; shown as a table, too.

--- An option that did not stick.
---@class kdev.kernel.StuckOption
---@field name string Without CONFIG_.
---@field wanted string|integer
---@field got string|integer "n" also when it is not there at all.
---@field fragment string The fragment that asked for it; "options" for those of the call.
---@field reason "unknown"|"type"|"depends"|"choice"|"prompt"|"selected"|"overridden"|"other"
---@field text string The reason in words.
---@field unmet kdev.kernel.Unmet[] Conditions that are not met.

---@class kdev.kernel.Unmet
---@field condition string
---@field value string "n" or "m".

--- Configures a kernel: a base, `make localmodconfig`, `make olddefconfig`, and fragments merged by the kernel's own
--- scripts/kconfig/merge_config.sh. Then every option of the fragments is looked up in what came of it, and for each that is
--- otherwise the reason is found in Kconfig. A second run with the same has nothing to do. Errors: "command" with the words
--- of Kconfig; "missing" for a fragment or a program; "conflict" when strict; "busy" when another kdevlua configures or builds
--- there.
---@param options kdev.kernel.ConfigureOptions
---@return kdev.kernel.Configuration
function kernel.configure(options) end

--- The names that `fragments` of `configure` can have, sorted: ours, those of a team and a user, and with a tree the kernel's own.
---@param tree? string|kdev.KernelTree
---@return string[]
function kernel.fragments(tree) end

--- The options of a .config or of a fragment, by name without CONFIG_: "y", "m", "n" for "is not set", texts and numbers.
--- Errors: "missing".
---@param path string The file, or the folder of its .config.
---@return table<string, string|integer>
function kernel.config(path) end

--- How two configurations differ: a list of { name =, a =, b = }, by name. What is not there is "n". Errors: "missing".
---@param a string A .config or its folder.
---@param b string A .config or its folder.
---@return table[]
function kernel.config_diff(a, b) end

--- The version of a kernel's source, as `make kernelversion` prints it: "6.1.192".
---@param tree string|kdev.KernelTree
---@return string
function kernel.version(tree) end

---@class kdev.kernel.ReloadOptions
---@field vm kdev.Machine
---@field modules string[] Their names: { "ceph" }. Loaded modules that use them are reloaded, too.
---@field files? table<string, string> The files to load in the guest, by the modules' names. Default: what modprobe finds.
---@field parameters? table<string, string> Parameters by the modules' names: { ceph = "disable_send_metrics=1" }.

---@class kdev.kernel.Reloaded
---@field unloaded string[] In their order.
---@field loaded string[] In their order.

--- Unloads modules in the guest, those that use them first, and loads them again. Errors, before anything is unloaded: "busy" with
--- what keeps each in use, "missing" when its kernel cannot unload modules; then "command" when one cannot be loaded.
---@param options kdev.kernel.ReloadOptions
---@return kdev.kernel.Reloaded
function kernel.reload(options) end

---@class kdev.kernel.InstallOptions
---@field vm kdev.Machine The guest: one that boots from its disk, with make, and a share with the source and `output` in it mounted.
---@field kernel? kdev.Kernel What to install: a result of `kdev.kernel.build`.
---@field tree? string|kdev.KernelTree The kernel's source, instead of `kernel`.
---@field output? string What it was built into, with `tree`. Default: the source.
---@field strip? boolean Leave the modules' debug information out, for which the guest needs strip(1). Default false.
---@field initramfs? boolean Have the guest make an initramfs, which takes a while. Default true; a kernel that has the drivers of its root built in needs none.
---@field reboot? boolean Reboot into it, and check that it runs. Default true.
---@field boot_timeout? string|number Until the guest answers after its reboot: seconds, or a text such as "90s". Default 120.

--- Installs a kernel in the guest as documented: `make modules_install` and `make install` there, over the share, at the paths
--- that the host has; GRUB is told to take it, the guest reboots, and `uname -r` is checked. What was mounted of the host's
--- shares is mounted again. Errors: "command" with the words of make; "timeout" and "kernel_oops" when the kernel does not boot.
---@param options kdev.kernel.InstallOptions
---@return string release
function kernel.install(options) end

---@class kdev.kernel.LoopOptions
---@field vm kdev.Machine The guest runs the kernel of the tree, and has a share with `output` in it.
---@field tree string|kdev.KernelTree The kernel's source.
---@field output? string What it was built into. Default: the source.
---@field modules string[] Their names: { "ceph" }. Modules of the tree that they need are built and reloaded, too.
---@field watch? string[] Folders of the source. Default: those of the modules, and include/linux/NAME where it is.
---@field test? string[]|function A command to run in the guest, or a function that gets the machine. Its error does not end the loop.
---@field parameters? table<string, string> As for reload.
---@field rounds? integer End after so many rounds. Default: go on until Ctrl-C.
---@field jobs? integer As for build.
---@field cc? string As for build. Without `cc`, `llvm` and `ccache` it is built as it was the last time.
---@field llvm? boolean As for build.
---@field ccache? boolean As for build.

---@class kdev.kernel.Round
---@field ok boolean Whether all went well.
---@field stage "build"|"reload"|"test" How far it came.
---@field error? any What ended it.
---@field seconds number From the change to the end of the test.

--- The inner loop: whenever a file in the modules' folders is saved, builds the modules, reloads them in the running guest, runs
--- the test there and shows what comes of it. Once at its beginning, too. Errors of a round are shown, and the loop goes on.
---@param options kdev.kernel.LoopOptions
---@return kdev.kernel.Round[] rounds
function kernel.loop(options) end

---@class kdev.kernel.BisectOptions
---@field tree string|kdev.KernelTree A git repository of the kernel's source, without changes that are in no commit. A worktree has a bisection of its own.
---@field good? string|string[] Commits, tags or branches where the test passes. Default: those of the bisection that is under way.
---@field bad? string One where it fails. Default: that of the bisection that is under way.
---@field test fun(vm: kdev.Machine, kernel: kdev.Kernel): boolean|"good"|"bad"|"skip"|nil The test of a commit. What it raises, false and "bad" mean bad; "skip" says nothing of the commit; all else is good. A wrong call and a mistake in the function itself mark nothing, and end the bisection.
---@field output? string What is built goes there, as for build. Default: into the source.
---@field configure? table Options of `kernel.configure`, for each step. Default base: the configuration that is there before the first step.
---@field build? table|function Options of `kernel.build`, such as { ccache = true }; or a function that gets the commit and returns the kernel to boot, instead of configuring and building one.
---@field vm? table|function Options of `kdev.vm.launch`, without the kernel; or a function that gets the kernel and returns a machine, such as a clone. Default: { name = "bisect" }.
---@field boot_failure? "bad"|"skip" What a kernel that panics or never answers in its boot is. Default "bad".
---@field check_ends? boolean Test the good commits and the bad one before. Default false.
---@field paths? string[] Only commits that change these files or folders: { "fs/ceph", "net/ceph" }.
---@field first_parent? boolean Only merges into the branch, and not what they bring (`--first-parent`). Default false.

---@class kdev.kernel.BisectStep
---@field commit string
---@field subject string
---@field verdict "good"|"bad"|"skip"
---@field stage "build"|"boot"|"test" How far it came.
---@field reason? string Why it is bad or skipped.
---@field seconds number

---@class kdev.kernel.Bisection
---@field commit? string The first bad commit; nil when it may be one of several, as the others could not be tested.
---@field subject? string Of that commit.
---@field candidates string[] The commits that may be the first bad one.
---@field steps kdev.kernel.BisectStep[] In their order, also of runs before.
---@field log string What `git bisect replay` reads, with the reasons as comments.
---@field log_file string The file that has the same.

--- Finds the commit that broke something: `git bisect`, with a build, a boot and the test for each step. What does not build is
--- skipped. Interrupted, the same call goes on where it was. At its end the log is printed, and the tree is back at its branch.
--- Errors: "busy" when another kdevlua bisects with a machine of that name; "command" with git's words; a text when another
--- bisection is under way in the tree, or it has changes.
---@param options kdev.kernel.BisectOptions
---@return kdev.kernel.Bisection
function kernel.bisect(options) end

return kernel
