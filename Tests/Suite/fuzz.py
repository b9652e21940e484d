#!/usr/bin/env python3
"""Compares `kdevlua suite plan` with the real teuthology on random suites.

    fuzz.py PROGRAM [--count N] [--first SEED] [--keep FOLDER]

Each suite has a number, from which all of it follows: a failure is repeated with `--first NUMBER --count 1`.
Prints a line for each difference and a sum; ends with 1 when there is a difference.
"""
import argparse
import json
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import tempfile

import errors
import oracle
import trees
import yaml

LARGEST = 1500


BASES = [
    "", "os_type: ubuntu\nos_version: '22.04'\n", "kernel: {branch: own, kdb: 0}\na: [base]\nb: {x: [1]}\n",
    "tasks: []\noverrides: {y: 1}\nmeta: null\n", "a: &a {z: {y: 1}}\nb: *a\n",
]


def choose_options(rng, root):
    words = ["--seed", str(rng.choice([0, 1, 2, 42, 9999, 2**31, 2**40 + 7, rng.randint(0, 10**6)]))]
    if rng.random() < 0.4:
        count = rng.choice([2, 2, 3, 4, 7, 30])
        words += ["--subset", f"{rng.randrange(count)}/{count}"]
    if rng.random() < 0.2:
        words.append("--no-nested-subset")
    if rng.random() < 0.15:
        words += ["--suite-name", rng.choice(["x:y", "s", "é b", "/x", "x/"])]
    if rng.random() < 0.2:
        words += ["--limit", str(rng.choice([1, 2, 5, 100]))]
    if rng.random() < 0.25:
        words += ["--format", rng.choice(["names", "yaml"])]
    if rng.random() < 0.15:
        words.append("--no-merge")
        return words
    if rng.random() < 0.25:
        words += ["--base-config", f"{root}/base.yaml"]
        with open(f"{root}/base.yaml", "w", encoding="utf-8") as file:
            file.write(rng.choice(BASES))
    for name in ("--filter", "--filter-out", "--filter-all"):
        if rng.random() < 0.15:
            words += [name, rng.choice(["a", "b", "c/", "x,z", "9, 10", "{", "s/", "nothing,a", "é", "a-b", ".", "a.b"])]
    if rng.random() < 0.15:
        words.append("--filter-fragments")
    if rng.random() < 0.3:
        words += ["--kernel", rng.choice(["distro", "none", "wip-x", "testing"])]
    if rng.random() < 0.2:
        words += ["--os-type", rng.choice(["centos", "Ubuntu"])]
    if rng.random() < 0.2:
        words += ["--os-version", rng.choice(["9.stream", "22.04"])]
    return words


def expected(folder, words, largest):
    """Lines and error of the real one, in a child: its Lua can crash, and scripts change what all others share."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        # Some trees have millions of fragments in a single job.
        signal.alarm(20 if largest else 300)
        lines, error = [], None
        try:
            for text in oracle.plan(folder, oracle.options().parse_args(words), largest):
                lines.append(text)
        except oracle.TooLarge:
            lines = None
        except BaseException as caught:
            error = f"{type(caught).__name__}: {caught}"
        with os.fdopen(write, "wb") as pipe:
            try:
                pickle.dump((lines, error), pipe)
            except BaseException:
                os._exit(1)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(data) if data else (None, "crashed")


def difference(folder, words, program, largest=LARGEST):
    """What is different, or None; "" when teuthology has no answer. And the number of jobs; None when it fails."""
    shape = words[words.index("--format") + 1] if "--format" in words else "json"
    plain = [word for place, word in enumerate(words) if "--format" not in (word, *words[max(0, place - 1):place])]
    lines, error = expected(folder, plain, largest)
    if lines is None:
        return "", 0
    return compare(folder, plain, program, lines, error, shape), len(lines) if error is None else None


def shaped(lines, text, shape):
    """What both have printed, in one form."""
    if shape == "names":
        return [json.loads(line)["description"] for line in lines], text.splitlines()
    if shape == "yaml":
        ours = [oracle.line(**oracle.plain(job)) for job in yaml.load_all(text, Loader=yaml.CSafeLoader)]
        return lines, ours
    return lines, text.splitlines()


def compare(folder, words, program, lines, error, shape="json"):
    ran = subprocess.run(
        [program, "suite", "plan", folder, "--format", shape, "--quiet", *words],
        capture_output=True, text=True, timeout=120, check=False,
    )
    if ran.returncode not in (0, 1):
        return f"kdevlua ended with {ran.returncode}: {ran.stderr.strip()}"
    theirs, ours = shaped(lines, ran.stdout, shape)
    for number, (left, right) in enumerate(zip(theirs, ours)):
        if left != right:
            return f"job {number}:\n  teuthology {left}\n  kdevlua    {right}"
    if len(theirs) != len(ours):
        return f"teuthology has {len(theirs)} jobs ({error}), kdevlua {len(ours)} ({ran.stderr.strip()})"
    if (error is None) != (ran.returncode == 0):
        return f"teuthology: {error}; kdevlua: {ran.returncode} {ran.stderr.strip()}"
    if error is not None and "refused: " not in ran.stderr and not errors.alike(error, ran.stderr):
        return f"another error: teuthology: {error}; kdevlua: {ran.stderr.strip()}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--first", type=int, default=random.randrange(10**9))
    parser.add_argument("--keep", help="folder in which the suites that differ are left")
    args = parser.parse_args()
    failed = skipped = errors = total = 0
    work = tempfile.mkdtemp(prefix="kdevlua-suite-fuzz-")
    try:
        for number in range(args.first, args.first + args.count):
            rng = random.Random(number)
            root = f"{work}/t{number}"
            tree = trees.Tree(rng, root)
            words = choose_options(rng, root)
            found, jobs = difference(tree.suite, words, args.program)
            errors += jobs is None
            total += jobs or 0
            if found == "":
                skipped += 1
            elif found is not None:
                failed += 1
                print(f"FAIL {number} {' '.join(words)}\n{found}", flush=True)
                if args.keep:
                    shutil.copytree(root, f"{args.keep}/t{number}", symlinks=True)
            shutil.rmtree(root)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(
        f"{args.count - failed - skipped} equal, {failed} different, {skipped} too large to compare, from {args.first} on;"
        f" {total} jobs, {errors} suites with an error"
    )
    # Else too little was compared.
    sys.exit(failed > 0 or skipped > max(2, args.count // 10))


if __name__ == "__main__":
    main()
