"""Random fragments: YAML in all its forms, that merges or does not, and scripts with random use of what they may use."""

KEYS = ["a", "b", "c", "tasks", "overrides", "kernel", "meta"]
SCALARS = [
    "1", "0", "-7", "010", "0b11", "0x1f", "1_000", "1:30", "1.5", "1.0e+3", "1e3", ".5", "-.inf", "12345678901234567890",
    "yes", "No", "on", "true", "y", "~", "null", '""', "''", "text", "two words", "'it''s'", '"a\\tb\\u00e9"', "é", "20.04",
    "08", "!!str 5", "!!float 3", "!!binary aGk=", "centos", "ubuntu",
]
# A date can replace a scalar, and is an error where there is none.
DATES = ["2024-02-29", "2001-12-14t21:59:43.10-05:00"]
MISTAKES = ["[", "*nothing", "!what x", "=", "{a: 1", "\tx", "2024-13-45"]
STRANGE_KEYS = ["1", "true", "'2'", "1.0", "~", "2024-01-01", "x y", "é"]


class Fragments:
    def __init__(self, random):
        self.random = random
        # The paths of those that were made, to link to.
        self.made = []
        self.sloppiness = random.choice([0, 0, 0, 0.002, 0.02])
        # What a key is in all of this suite, so that most fragments merge.
        self.kinds = {key: random.choice(["list", "dict", "dict", "scalar"]) for key in KEYS}
        self.has_scripts = random.random() < 0.7

    def chance(self, share):
        return self.random.random() < share

    def pick(self, *choices):
        return self.random.choice(choices)

    # YAML

    def text(self):
        if self.chance(0.03):
            return self.pick("", "# nothing\n", "---\n...\n", "null\n")
        if self.chance(self.sloppiness):
            return self.pick("- a\n", "text\n", "teuthology:\n", "a: 1\n---\nb: 1\n")
        lines = []
        for key in self.random.sample(KEYS, self.random.randint(0, 4)):
            kind = self.kinds[key]
            if self.chance(self.sloppiness):
                kind = self.pick("list", "dict", "scalar")
            lines.append(f"{key}: {self.value(kind, 2)}\n")
        if self.chance(0.15):
            lines.append(f"os_type: {self.pick('centos', 'ubuntu', 'rhel')}\n")
        if self.chance(0.15):
            version = self.pick("9.stream", "22.04", "9")
            lines.append(f'os_version: "{version}"\n')
        if self.chance(0.1):
            lines.append(f"shared: &x {{n: [1]}}\nagain: {{one: *x, two: *x}}\n")
        if self.chance(0.05):
            lines.append("base: &y {p: 1, q: 2}\nmore: {<<: *y, q: 3}\n")
        if self.chance(0.05):
            lines.append(f"{self.random.choice(STRANGE_KEYS)}: {self.scalar()}\n")
        if self.chance(0.03):
            lines.append(f"twice: 1\ntwice: {self.scalar()}\n")
        if self.has_scripts and self.chance(0.35):
            lines.append(self.scripts())
        self.random.shuffle(lines)
        return "".join(lines)

    def scalar(self):
        if self.chance(self.sloppiness):
            return self.random.choice(MISTAKES)
        if self.chance(self.sloppiness):
            return self.random.choice(DATES)
        return self.random.choice(SCALARS)

    def value(self, kind, depth):
        if self.chance(0.04):
            return "null"
        if kind == "list":
            items = [self.any(depth - 1) for _ in range(self.random.randint(0, 3))]
            return f"[{', '.join(items)}]"
        if kind == "dict":
            # One kind for one name: x is always a list, y a scalar, z a dict.
            items = []
            for name, inner in self.random.sample([("x", "list"), ("y", "scalar"), ("z", "dict")], self.random.randint(0, 3)):
                if inner != "dict" or depth > 0:
                    items.append(f"{name}: {self.value(inner, depth - 1)}")
            return "{" + ", ".join(items) + "}"
        return self.scalar()

    def any(self, depth):
        kind = self.pick("scalar", "scalar", "dict", "list") if depth > 0 else "scalar"
        return self.value(kind, depth)

    # Scripts

    def scripts(self):
        lines = ["teuthology:\n"]
        if self.chance(0.6):
            lines.append(self.block("  premerge: |\n", "    ", self.script("yaml_fragment")))
        if self.chance(0.6) or len(lines) == 1:
            lines.append("  postmerge:\n")
            for _ in range(self.random.randint(1, 2)):
                lines.append(self.block("    - |\n", "      ", self.script("yaml")))
        if self.chance(0.1):
            lines.append(f"  meta: {{m: {self.scalar()}}}\n")
        return "".join(lines)

    def block(self, head, indent, script):
        return head + "".join(f"{indent}{line}\n" for line in script.split("\n"))

    def script(self, target):
        lines = [self.statement(target) for _ in range(self.random.randint(1, 4))]
        if self.chance(0.1):
            lines.append(self.ending())
        return "\n".join(lines)

    def ending(self):
        # A script that ends with a return may be followed by another, which is an error: more often it is in a block.
        value = self.pick("", "nil", "true", "false", "0", "0.0", "1", '""', '"x"', "{}", "false, true", "py_list()",
                          "py_dict()", "py_tuple()", "py_list{1}", "yaml", "tostring")
        return f"return {value}" if self.chance(self.sloppiness * 10) else f"if {self.test('yaml')} then return {value} end"

    def key(self):
        return self.pick("a", "b", "c", "tasks", "overrides", "kernel", "meta", "os_type", "new")

    def get(self, target, key=None):
        """A value that may not be there."""
        return f'py_attrgetter({target}).get("{key or self.key()}")'

    def test(self, target):
        return self.pick(
            f"{self.get(target)} ~= nil",
            f'{self.get(target, "os_type")} == "centos"',
            "base_config.kernel ~= nil",
            'base_config.kernel and base_config.kernel.branch ~= "distro"',
            f'description:find("{self.pick("a", "b/", "[{]", "x.z", "^s")}")',
            "math.random(1, 3) == 1",
            f"py_len({target}) > {self.random.randint(1, 4)}",
            "#frag_paths_count > 1" if self.chance(self.sloppiness) else "py_len(frag_paths) > 3",
            'tostring(suite_name) == "s"',
            f'("%s"):format({self.get(target)} == nil) == "true"',
            "true",
        )

    def number(self):
        return self.pick("1", "7 // 2", "6 / 2", "2 ^ 3", "1e15", "-3 % 5", "7 % -3", "math.random(1, 100)", "math.huge",
                         "math.floor(2.5)", "math.tointeger(4.0)", "math.maxinteger", "3 | 4", "1 << 62", "0.1", "1e100",
                         'tonumber("0x10")', "math.random()", "math.max(1, 2.5)", "math.pi", "5 // 0.0", "math.abs(-4)")

    def string(self):
        return self.pick('"x"', '"é"', '("a"):rep(3)', '("abc"):upper()', '"a" .. 1',
                         '"n" .. 1.0', "tostring(12)", "tostring(1e15)", "tostring(nil)", "tostring(true)",
                         '(("a,b"):gsub(",", ";"))', '("%5.2f"):format(3.14159)',
                         '("%d|%s|%q"):format(3, "s", "q")', '("hello"):sub(2, -2)', '(("k=v"):match("=(.*)"))',
                         'string.char(72, 105)', '("x"):byte() .. ""', "description", "suite_name")

    def item(self):
        return self.pick(self.number(), self.string(), "true", "false", "nil", "py_list()", "py_dict()", 'py_list{"a", "b"}',
                         'py_dict{k="v"}', 'py_tuple{"a"}', 'yaml_load("[1, {a: 2}]")', 'yaml_load("2024-01-01")',
                         "base_config.kernel")

    def object(self):
        return self.pick('yaml_load("{a: [1, null, true, 1.5, x]}")', "py_list{1}", "base_config.kernel")

    def statement(self, target):
        if self.chance(self.sloppiness):
            return self.mistake(target)
        key = self.key()
        return self.pick(
            f"if {self.test(target)} and {self.test(target)} then reject() end",
            f"if {self.test(target)} then accept() end" if self.chance(0.3) else "local n = 1",
            f'{target}.{self.pick("new", "made", "zz")} = {self.item()}',
            f'{target}["{self.pick("made", "é", "x y")}"] = {self.item()}',
            f"if {self.get(target, key)} ~= nil then {target}.copy = {target}.{key} end",
            f'py_attrgetter({target}).pop("{key}", nil)',
            f'py_attrgetter({target}).setdefault("{self.pick("l", "m")}", py_list())',
            f'py_attrgetter({target}).update(py_dict{{u={self.number()}}})',
            f'local l = py_attrgetter({target}).get("l")\nif l ~= nil then py_attrgetter(l).append({self.item()}) end',
            f'deep_merge({target}, yaml_load("{{dm: [1, {self.random.randint(0, 5)}], dn: {{k: v}}}}"))',
            f'local keys = py_list()\nfor k, v in py_iterex(py_attrgetter({target}).items()) do py_attrgetter(keys).append(k) end\n'
            f"{target}.keys = keys",
            f'for k in py_iterex({target}) do if k == "a" then {target}.has_a = true end end' if self.chance(self.sloppiness)
            else f'local n = 0\nfor k in py_iterex({target}) do n = n + 1 end\n{target}.n = n',
            f'for i, path in py_enumerate(base_frag_paths) do if path:find("b") then {target}.last_b = i end end',
            f"for i, path in py_enumerate(frag_paths, 1) do {target}.paths = i end",
            f"{target}.first = base_frag_paths[{self.pick('0', '-1')}]",
            f"{target}.size = py_len({target})",
            f"{target}.text = tostring({self.object()})",
            f'{target}.same = {target} == {target}',
            "if base_config.kernel then base_config.kernel.seen = true end" if self.chance(0.3) else "local x <const> = 2",
            f"if base_config.kernel then {target}.mine = base_config.kernel end",
            "shared_name = (shared_name or 0) + 1\n" + f"{target}.count = shared_name",
            "local function f(t) return t ~= nil end\nif not f(yaml) then reject() end",
            'log.debug("a line: %s", description)' if self.chance(0.5) else 'log:info("x")',
            f'if assert(py_itemgetter({target})) then {target}.got = 1 end',
            f'local t = {{}}\nfor i, v in ipairs {{3, 1, 2}} do t[i] = v * 2 end\n{target}.third = t[3] + #t',
            f'for w in ("one two"):gmatch("%a+") do {target}.word = w end',
            f"{target}.seed_is = seed",
            f"{target}.filters = py_len(filter_in)",
            f"math.randomseed({self.random.randint(0, 9)})" if self.chance(0.2) else f"{target}.r = math.random(0)",
        )

    def mistake(self, target):
        return self.pick(
            'error("stop")', "error()", f"local x = {target}.nothing_there", "if x then", "nothing()", f"local n = #{target}",
            f"for k, v in pairs({target}) do end", "local x = os.time()", "print(1)", 'yaml_load("[")', "return 1",
            'local x = yaml_load("[1]")[2]', 'local x = yaml_load("[1]")[1.0]', "py_len(nil)", f'deep_merge({target}, py_list())',
            f'py_attrgetter({target}).nothing()', "assert(false)", 'assert(nil, "why")', f"{target}.f = {{}}",
            f'py_attrgetter({target}).pop("nothing_there")', "accept() reject()", f"local y = {target} < 1", "x = nil + 1",
            f"{target}.teuthology = nil", 'yaml.teuthology.fragments_dropped = nil', "goto nowhere",
        )
