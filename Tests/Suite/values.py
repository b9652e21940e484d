#!/usr/bin/env python3
"""Compares single values with PyYAML and teuthology: how random scalars resolve, and what deep_merge makes of random pairs.

    values.py PROGRAM [--count N] [--first SEED]

A suite with a job for each value; a job that fails has to fail in Python, too.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

import oracle
import yaml
from teuthology.misc import deep_merge

import fragments

PIECES = [
    "0", "1", "7", "8", "9", "10", "59", "60", "-", "+", ".", "_", ":", "e", "E", "e+", "e-", "x", "0x", "0b", "0o", "a", "f", "inf",
    ".inf", ".nan", "nan", "y", "n", "yes", "No", "true", "TRUE", "on", "off", "~", "null", "Null", "2024-01-02", "T", "t", " ",
    "12:30:45", "Z", "+01:00", "-0530", ".5", "99999999999999999999", "é", "<<", "=", "!!str ", "!!int ", "!!float ", "!!bool ",
    "'", '"', "\\n", "#", " #", ": ", "- ", "[", "]", "{", "}", ",", "&a ", "*a", "|", ">", "%", "@", "`", "?", "? ", "!",
]
CHARS = "0123456789_.:+-eExXbBoabfTZ "


def scalar(rng):
    if rng.random() < 0.5:
        return "".join(rng.choice(CHARS) for _ in range(rng.randint(1, 12)))
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 4)))


def value(rng, depth=3):
    kind = rng.random()
    if depth == 0 or kind < 0.35:
        return rng.choice(fragments.SCALARS + fragments.DATES)
    if kind < 0.6:
        return "[" + ", ".join(value(rng, depth - 1) for _ in range(rng.randint(0, 3))) + "]"
    keys = rng.sample(["a", "b", "c", "1", "1.0", "true", "'1'", "~", "2024-01-01"], rng.randint(0, 4))
    return "{" + ", ".join(f"{key}: {value(rng, depth - 1)}" for key in keys) + "}"


def pair(rng):
    """Two fragments, as YAML: mostly of one shape, so that some of them merge."""
    left = {key: value(rng) for key in rng.sample("abcd", rng.randint(1, 3))}
    right = {key: value(rng) for key in rng.sample("abcd", rng.randint(1, 3))}
    for key in left:
        if rng.random() < 0.3:
            right[key] = left[key]
    return tuple("".join(f"{key}: {text}\n" for key, text in side.items()) for side in (left, right))


def expected(texts):
    """The job's own part in Python, or the error."""
    try:
        job = {}
        for text in texts:
            job = deep_merge(job, yaml.safe_load(text))
        return json.dumps(oracle.plain(job), sort_keys=True, ensure_ascii=False)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def parses_otherwise(text):
    # Where libyaml, which the program uses, is documented to parse otherwise than PyYAML: see YAMLReader.
    return any(mark in text for mark in (":,", ":]", ":}", "? ", "\t", ">#", "|#"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=1500, help="how many of each kind")
    parser.add_argument("--first", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.first)
    jobs = {}
    while len(jobs) < args.count:
        text = scalar(rng)
        if not parses_otherwise(text):
            jobs[f"scalar-{len(jobs):05}"] = (f"v: {text}\n",)
    for number in range(args.count):
        jobs[f"merge-{number:05}"] = pair(rng)
    differences = failed = 0
    with tempfile.TemporaryDirectory(prefix="kdevlua-values-") as work:
        folder = f"{work}/suites/s"
        for name, texts in jobs.items():
            os.makedirs(f"{folder}/{name}")
            open(f"{folder}/{name}/+", "w").close()
            for place, text in enumerate(texts):
                with open(f"{folder}/{name}/{place}.yaml", "w") as file:
                    file.write(text)
        plan = [args.program, "suite", "plan", folder, "--format", "json", "--quiet", "--keep-going"]
        ran = subprocess.run(plan, capture_output=True, text=True, timeout=120, check=False)
        found = {}
        for line in ran.stdout.splitlines():
            job = json.loads(line)
            job["job"].pop("teuthology")
            found[job["description"].split("/")[1]] = json.dumps(job["job"], sort_keys=True, ensure_ascii=False)
        if ran.returncode not in (0, 1):
            differences += 1
            print(f"FAIL kdevlua ended with {ran.returncode}: {ran.stderr[-500:]}")
    for name, texts in jobs.items():
        wanted = expected(texts)
        ours = found.get(name)
        failed += ours is None
        if (wanted if wanted[0] == "{" else None) != ours:
            differences += 1
            print(f"FAIL {name} {texts!r}\n  teuthology {wanted}\n  kdevlua    {ours}", flush=True)
    print(f"{len(jobs) - differences} values equal, {differences} different; {failed} fail in both")
    # Else there is nothing that was compared.
    sys.exit(differences > 0 or failed > len(jobs) * 0.7)


if __name__ == "__main__":
    main()
