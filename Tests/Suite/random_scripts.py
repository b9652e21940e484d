#!/usr/bin/env python3
"""Compares scripts in fragments with the real teuthology.

    random_scripts.py PROGRAM [--count N] [--first SEED]

Two kinds of suites, both from a number:
- jobs that share all that scripts can share: the base configuration, the lists of filters, the random generator;
- jobs that each try something of the API, and may fail: with `--keep-going` each must end as it does in teuthology alone.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

import errors
import oracle

BASE = """
kernel: {branch: wip, kdb: 1, sha1: abc, sub: {k: [1]}}
lst: [1, {a: 2}]
m: &m {x: {y: 1}}
mm: *m
count: 0
os_version: 9.stream
"""
SHARED = """
base_config.count = base_config.count + 1
yaml.k = base_config.kernel
yaml.kernel = base_config.kernel py_attrgetter(yaml.kernel).pop("sha1", nil)
py_attrgetter(base_config.lst).append(math.random(100))
base_config.saved = yaml.l
yaml.seen = py_attrgetter(base_config).get("saved")
yaml.lst = base_config.lst
py_attrgetter(yaml.lst).append(yaml.l[0])
yaml.r = math.random()
if math.random(3) == 1 then reject() end
math.randomseed(base_config.count)
base_config["k"..py_len(base_config.lst)] = description
deep_merge(yaml, py_dict{tail=py_list(base_config.lst)})
yaml.l[0].n = base_config.count
yaml.d.e.f = math.random(5)
base_config.lst[1].z = yaml.d
yaml.same = base_config.m == base_config.mm
base_config.m.x.y = math.random(9)
yaml.mm.x.q = 5
deep_merge(base_config.kernel, yaml_load("{sub: {k: [7]}}"))
py_attrgetter(yaml.l).extend(py_list(base_config.lst))
yaml.t = tostring(base_config.lst)
py_attrgetter(filter_out).append("zz"..tostring(base_config.count))
if py_len(filter_out) > 20 then py_attrgetter(filter_out).clear() end
yaml.dd = yaml.d yaml.dd.e.g = 1
yaml.l[1] = yaml.l[0]
if py_len(base_config.lst) > 12 then py_attrgetter(base_config.lst).clear() py_attrgetter(base_config.lst).extend(yaml_load("[1, {}]")) end
""".strip().split("\n")
LISTS = ["yaml.l", "yaml.lst", "yaml.same", "yaml.teuthology.postmerge", "base_frag_paths", "filter_in", "yaml.m.nested.x"]
DICTS = ["yaml", "yaml.m", "yaml.kernel", "yaml.m.nested", "yaml.l[3]", "yaml.teuthology", "base_config.kernel"]
SCALARS = [
    "yaml.s", "yaml.i", "yaml.f", "yaml.b", "yaml.n", "yaml.l[-1]", "yaml.m[1]", "yaml.m[true]", 'yaml.m["é"]', "yaml.l[5]",
    "yaml.big", "yaml.nope", "base_config.nope", "seed", "description", "os_version", "this_os_version", "nothing",
]
LITERALS = [
    "1", "0", "-1", "1.0", "2.5", '"x"', "true", "false", "nil", '"é"', '""', "1e15", "2^53", "7//2", "6/2", "py_list()",
    "py_dict()", "py_tuple{1,2}", 'py_list{"a","b"}', "py_dict{a=1}", "math.huge", "-0.0", '"\\xff"',
]
# A tuple can be a key, which JSON has no one form for.
KEYS = [text for text in LITERALS if "py_tuple" not in text]
FRAGMENT = """
s: text
i: 3
f: 2.5
b: yes
n: null
big: 123456789012345678901234567890
l: &l [x, 1, null, {k: v}, [1, 2], 2024-01-02]
same: *l
m: {a: 1, 1: one, b: null, nested: {x: [1, {y: 2}]}, é: ü}
"""


class Scripts:
    def __init__(self, rng):
        self.rng = rng
        self.number = 0

    def expression(self, depth=0):
        pick = self.rng.choice
        if depth > 2 or self.rng.random() < 0.4:
            return pick([lambda: pick(LISTS), lambda: pick(DICTS), lambda: pick(SCALARS), lambda: pick(LITERALS)])()
        some = lambda: self.expression(depth + 1)
        items, pairs, scalar = pick(LISTS), pick(DICTS), pick(SCALARS)
        key = pick(['"a"', '"zz"', "1", "true", '"é"', "nil", "py_list()"])
        return pick([
            f"tostring({some()})", f"py_len({some()})", f"py_list({some()})", f"py_tuple({items})", f"py_dict({pairs})",
            f"({some()} == {some()})", f"({some()} and {some()})", f"({some()} or {some()})", f"not {some()}",
            f"py_attrgetter({pairs}).get({key})", f"py_attrgetter({pairs}).pop({key}, {some()})", f"#{some()}",
            f"py_attrgetter({items}).pop({pick(['', '0', '-1', '9', '1.0'])})", f"py_attrgetter({items}).index({some()})",
            f"py_attrgetter({items}).count({some()})", f"py_attrgetter({pairs}).setdefault({key}, {some()})",
            f"py_list(py_attrgetter({pairs}).items())", f"py_dict(py_attrgetter({pairs}).items())",
            f"deep_merge({pairs}, {pick(DICTS)})", f"deep_merge({items}, {pick(LISTS)})", f"deep_merge(nil, {some()})",
            f'({scalar} .. "x")', f"({scalar} + 1)", f"({scalar} < {scalar})", f"tonumber({scalar})", f"({items})[{pick(['0', '-1', '9'])}]",
            f"({pairs})[{key}]", f"py_itemgetter(py_attrgetter({pairs}))", f'yaml_load("{{a: [1, 08, y], b: &x {{c: 1}}, d: *x}}")',
            f"tostring(py_attrgetter({pairs}).items())", "yaml.l[5].year", f'string.format("%s %q", tostring({scalar}), "a")',
        ])

    def statement(self, depth=0):
        self.number += 1
        pick, name = self.rng.choice, f"v{self.number}"
        items, pairs = pick(LISTS), pick(DICTS)
        some = self.expression
        return pick([
            lambda: f"yaml.{name} = {some()}", lambda: f"yaml.{name} = {some()}",
            lambda: f"({items})[{pick(['0', '-1', '1', '9'])}] = {some()}", lambda: f"({pairs})[{pick(KEYS)}] = {some()}",
            lambda: f"py_attrgetter({items}).{pick(['append', 'extend', 'remove'])}({some()})",
            lambda: f"py_attrgetter({items}).{pick(['clear()', 'reverse()', 'sort()', 'append(1, 2)', 'nope()', 'insert(-1, 5)'])}",
            lambda: f"py_attrgetter({pairs}).{pick(['clear()', 'popitem()', 'update{z=1}', 'update(py_list())', 'copy()'])}",
            lambda: f'for i, v in py_enumerate({some()}) do yaml["{name}"..i] = v end',
            lambda: f'for k, v in py_iterex({pick([items, pairs, f"py_attrgetter({pairs}).items()"])}) do yaml["{name}"..tostring(k)] = v end',
            lambda: f"if {some()} then {self.statement(depth + 1)} else yaml.{name} = 1 end" if depth < 2 else "log.debug(1)",
            lambda: pick(["reject()", "accept()", f"do return {some()} end", 'error("boom")', f"log:debug({some()})", "assert(false)"]),
        ])()


def suite(folder, fragments):
    for name, texts in fragments.items():
        os.makedirs(f"{folder}/{name}")
        open(f"{folder}/{name}/+", "w").close()
        for place, text in enumerate(texts):
            with open(f"{folder}/{name}/{place}.yaml", "w") as file:
                file.write(text)


def shared_jobs(rng, folder):
    jobs = {}
    for number in range(40):
        section = {"postmerge": rng.sample(SHARED, rng.randint(1, 4))}
        if rng.random() < 0.6:
            section["premerge"] = "\n".join(rng.sample(SHARED, rng.randint(1, 2)))
        own = f"l: [&x {{i: {number}}}, *x, {{o: [{number}]}}]\nd: {{e: {{f: 1}}}}\nteuthology: {json.dumps(section)}\n"
        jobs[f"{number:03}"] = ["l: [{first: 1}, {two: 2}]\nd: {e: {h: 2}}\nlst: [q]\n", own]
    suite(folder, jobs)


def trying_jobs(rng, folder):
    jobs = {}
    for number in range(60):
        scripts = Scripts(rng)
        text = "\n".join(scripts.statement() for _ in range(rng.randint(1, 3)))
        section = {"premerge": text} if rng.random() < 0.3 else {"postmerge": [text]}
        first = FRAGMENT + "teuthology: " + json.dumps({"meta": {"k": 1}}) + "\n"
        jobs[f"{number:03}"] = [first, f"z: 1\nteuthology: {json.dumps(section)}\n", "l: [last]\n"]
    suite(folder, jobs)


def alone(folder, words):
    """What becomes of each job of a suite in teuthology when it is the only one: its line, "rejected", or "error"."""
    args = oracle.options().parse_args(words)
    outcomes = {}
    for description, paths in oracle.matrix(folder, args):
        read, write = os.pipe()
        if os.fork() == 0:
            oracle.matrix = lambda *_, **__: [(description, paths)]
            try:
                lines = list(oracle.plan(folder, args))
                text = lines[0] if lines else "rejected"
            except BaseException as error:
                text = f"error {type(error).__name__}: {error}"
            os.write(write, text.encode("utf-8", "replace"))
            os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            outcomes[f"s/{description}"] = pipe.read().decode() or "crash"
        os.wait()
    return outcomes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    args = parser.parse_args()
    differences = jobs = refusals = 0
    for number in range(args.first, args.first + args.count):
        with tempfile.TemporaryDirectory(prefix="kdevlua-scripts-") as work:
            base = f"{work}/base.yaml"
            with open(base, "w") as file:
                file.write(BASE)
            folder = f"{work}/suites/s"
            words = ["--seed", str(number), "--base-config", base]
            plan = [args.program, "suite", "plan", folder, "--format", "json", "--quiet", *words]
            if number % 2:
                shared_jobs(random.Random(number), folder)
                real = subprocess.run(
                    [sys.executable, "-B", oracle.__file__, folder, *words], capture_output=True, text=True)
                ours = subprocess.run(plan, capture_output=True, text=True)
                jobs += real.stdout.count("\n")
                if real.stdout != ours.stdout or (real.returncode != 0) != (ours.returncode != 0):
                    differences += 1
                    print(f"suite {number}: jobs that share differ")
                continue
            trying_jobs(random.Random(number), folder)
            # Scripts reach the base configuration only to read, or the jobs would not be alone.
            outcomes = alone(folder, words)
            jobs += len(outcomes)
            for description, expected in outcomes.items():
                if expected == "crash":
                    continue
                name = description.split("/")[1]
                ours = subprocess.run(
                    [*plan[:3], f"{folder}/{name}", *plan[4:], "--suite-name", f"s/{name}"], capture_output=True, text=True)
                found = "error" if ours.returncode else ours.stdout.rstrip("\n") or "rejected"
                for place in range(3):
                    found = found.replace(f'"{place}.yaml"', f'"{name}/{place}.yaml"')
                # What cannot be written is refused at once; teuthology fails when it schedules the job.
                refused = "refused: " in ours.stderr
                refusals += refused
                if expected.startswith("error ") and found == "error" and errors.alike(expected[6:], ours.stderr):
                    continue
                if found != expected and not refused:
                    differences += 1
                    print(f"suite {number}, job {name}: {expected[:300]}\n  not {found[:300]} {ours.stderr[:200]}")
    print(f"{jobs} jobs with scripts, {differences} differences, {refusals} refused")
    # Else too little was compared.
    sys.exit(1 if differences or refusals > jobs // 5 else 0)


if __name__ == "__main__":
    main()
