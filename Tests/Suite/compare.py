#!/usr/bin/env python3
"""Compares `kdevlua suite plan` with the real teuthology, line by line, on Ceph's own suites: all options, ten seeds.

    compare.py PROGRAM QA      QA is the folder that has suites/

krbd and a slice of fs:workload have each option with each seed; fs, which takes teuthology seconds for each plan, has each with two.
"""
import itertools
import os
import subprocess
import sys
import tempfile

import fuzz
import oracle

BASE = """\
os_type: ubuntu
overrides:
  ceph: {log-ignorelist: [base], conf: {osd: {debug osd: 20}}}
tasks: []
meta: [{desc: from the base}]
"""
KERNEL = ["--kernel", "wip-foo", "--kernel-sha1", "0123456789abcdef0123456789abcdef01234567"]
FS = [
    KERNEL + ["--filter", "k-testing"],
    KERNEL + ["--filter", "k-testing", "--subset", "1/3"],
    KERNEL + ["--filter-out", "fuse,kclient"],
    ["--filter-all", "kclient, ubuntu"],
    KERNEL + ["--filter", "k-testing", "--filter-fragments"],
    ["--filter-all", "fs,workload", "--filter-out", "fuse", "--filter-fragments"],
    ["--filter", "nothing matches this"],
]


def cases(base):
    """Pairs of a suite and options; the seed comes with each."""
    everywhere = [
        [],
        KERNEL,
        ["--kernel", "distro"],
        ["--kernel", "none"],
        ["--subset", "3/7"],
        ["--subset", "90/1000", "--no-nested-subset"],
        ["--no-nested-subset", "--filter", "a"],
        ["--os-type", "ubuntu"],
        ["--os-type", "CentOS", "--os-version", "9.stream"],
        ["--os-version", "20.04"],
        ["--base-config", base],
        ["--suite-name", "other:name", "--filter", "other:name"],
        ["--limit", "7"],
        ["--format", "yaml", "--limit", "40"],
        ["--format", "names"],
        ["--no-merge"],
    ]
    for seed in range(10):
        for number, words in enumerate(everywhere):
            chosen = ["--seed", str(seed), *words]
            yield "krbd", chosen
            # A subset of a subset is one option twice; a whole suite would take minutes.
            yield "fs/workload", chosen if "--subset" in words else [*chosen, "--subset", f"{seed}/16"]
            if number % 5 == seed % 5:
                yield "fs", chosen
        for number, words in enumerate(FS):
            yield "fs/workload", ["--seed", str(seed), *words, *([] if "--subset" in words else ["--subset", f"{seed}/16"])]
            if number % 5 == seed % 5:
                yield "fs", ["--seed", str(seed), *words]
        for suite in ("fs/luaupg", "fs/upgrade"):
            yield suite, ["--seed", str(seed), *KERNEL]


def look(program, qa, part, parts):
    """Compares one case of so many parts, and prints the differences, then three counts."""
    oracle.remember_fragments(qa)
    failed = jobs = count = 0
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as base:
        base.write(BASE)
        base.flush()
        for suite, words in itertools.islice(cases(base.name), part, None, parts):
            found, size = fuzz.difference(f"{qa}/suites/{suite}", words, program, largest=None)
            count += 1
            jobs += size or 0
            if found is not None:
                failed += 1
                print(f"FAIL {suite} {' '.join(words)}\n{found or 'teuthology took too long'}", flush=True)
    print(count, failed, jobs)


def main():
    program, qa, *part = sys.argv[1:]
    if part:
        return look(program, qa, *map(int, part))
    # teuthology has gevent patch what a pool of Python's is made of.
    parts = os.cpu_count()
    lookers = [
        subprocess.Popen([sys.executable, "-B", __file__, program, qa, str(part), str(parts)], stdout=subprocess.PIPE, text=True)
        for part in range(parts)
    ]
    sums = [0, 0, 0]
    broken = False
    for looker in lookers:
        *lines, counts = looker.communicate()[0].splitlines() or [""]
        print("".join(f"{line}\n" for line in lines), end="")
        broken |= looker.returncode != 0
        sums = [sum(pair) for pair in zip(sums, map(int, counts.split()))] if looker.returncode == 0 else sums
    count, failed, jobs = sums
    print(f"{count - failed} plans of Ceph's suites equal, {failed} different; {jobs} jobs")
    sys.exit(failed > 0 or broken)


if __name__ == "__main__":
    main()
