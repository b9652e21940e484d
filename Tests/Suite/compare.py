#!/usr/bin/env python3
"""Compares `kdevlua suite plan` with the real teuthology, line by line, on Ceph's own suites: all options, ten seeds.

    compare.py PROGRAM QA      QA is the folder that has suites/
"""
import sys
import tempfile

import fuzz

BASE = """\
os_type: ubuntu
overrides:
  ceph: {log-ignorelist: [base], conf: {osd: {debug osd: 20}}}
tasks: []
meta: [{desc: from the base}]
"""


def cases(base):
    """Pairs of a suite and options; the seed comes with each."""
    kernel = ["--kernel", "wip-foo", "--kernel-sha1", "0123456789abcdef0123456789abcdef01234567"]
    everywhere = [
        [],
        kernel,
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
        ["--no-merge"],
    ]
    fs = [
        kernel + ["--filter", "k-testing"],
        kernel + ["--filter", "k-testing", "--subset", "1/3"],
        kernel + ["--filter-out", "fuse,kclient"],
        ["--filter-all", "kclient, ubuntu"],
        kernel + ["--filter", "k-testing", "--filter-fragments"],
        ["--filter-all", "fs,workload", "--filter-out", "fuse", "--filter-fragments"],
        ["--filter", "nothing matches this"],
    ]
    for seed in range(10):
        for number, words in enumerate(everywhere):
            # A part of the options with each seed, so that each is seen with some; teuthology takes seconds for each plan.
            if number % 4 == seed % 4:
                yield "krbd", ["--seed", str(seed), *words]
            if number % 5 == seed % 5:
                yield "fs", ["--seed", str(seed), *words]
        for number, words in enumerate(fs):
            if number % 3 == seed % 3:
                yield "fs", ["--seed", str(seed), *words]
        for suite in ("fs/luaupg", "fs/upgrade", "fs/workload"):
            yield suite, ["--seed", str(seed), *kernel]


def main():
    program, qa = sys.argv[1:]
    failed = jobs = count = 0
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as base:
        base.write(BASE)
        base.flush()
        for suite, words in cases(base.name):
            found, size = fuzz.difference(f"{qa}/suites/{suite}", words, program, largest=None)
            count += 1
            jobs += size or 0
            if found is not None:
                failed += 1
                print(f"FAIL {suite} {' '.join(words)}\n{found or 'teuthology took too long'}", flush=True)
    print(f"{count - failed} plans of Ceph's suites equal, {failed} different; {jobs} jobs")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
