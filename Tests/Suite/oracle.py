"""The real teuthology, asked what a suite is: its build_matrix and config_merge, from PyPI.

    oracle.py FOLDER [options of `kdevlua suite plan`]      prints what `kdevlua suite plan --format json` has to print

As a module: `plan(folder, options)`.
"""
import argparse
import contextlib
import datetime
import importlib
import itertools
import json
import logging
import os
import pickle
import sys
import time

# teuthology 1.3.0 takes the newest Lua that lupa brings, on which its own scripts fail; it means 5.4.
import lupa

lupa.LuaRuntime = importlib.import_module("lupa.lua54").LuaRuntime
logging.disable(logging.CRITICAL)

import yaml  # noqa: E402
from teuthology.config import JobConfig  # noqa: E402
from teuthology.suite import build_matrix as matrix_module  # noqa: E402
from teuthology.suite import merge as merge_module  # noqa: E402

NO_COMMIT = "0" * 40


class TooLarge(Exception):
    """The suite has more jobs than the caller wants to wait for."""


def remember_fragments(folder):
    """Reads all fragments below a folder, so that later plans, also in children, need not."""
    read = yaml.safe_load
    known = {}
    for path, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".yaml") and os.path.exists(f"{path}/{name}"):
                with open(f"{path}/{name}", encoding="utf-8") as file:
                    text = file.read()
                with contextlib.suppress(yaml.YAMLError):
                    if text not in known:
                        known[text] = pickle.dumps(read(text))

    yaml.safe_load = lambda text: pickle.loads(known[text]) if text in known else read(text)


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--suite-name")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--subset")
    parser.add_argument("--no-nested-subset", action="store_true")
    parser.add_argument("--filter", default="")
    parser.add_argument("--filter-out", default="")
    parser.add_argument("--filter-all", default="")
    parser.add_argument("--filter-fragments", action="store_true")
    parser.add_argument("--os-type")
    parser.add_argument("--os-version")
    parser.add_argument("--base-config")
    parser.add_argument("--kernel")
    parser.add_argument("--kernel-sha1", default=NO_COMMIT)
    parser.add_argument("--no-merge", action="store_true")
    parser.add_argument("--limit", type=int, default=0)
    return parser


def base_config(args):
    base = {}
    if args.base_config:
        with open(args.base_config) as file:
            base = yaml.safe_load(file) or {}
    if args.kernel == "distro":
        base["kernel"] = {"branch": "distro", "kdb": 1, "sha1": "distro"}
    elif args.kernel and args.kernel.lower() != "none":
        base["kernel"] = {"branch": args.kernel, "kdb": 1, "sha1": args.kernel_sha1, "flavor": "default"}
    if args.os_type:
        base["os_type"] = args.os_type.lower()
    if args.os_version:
        base["os_version"] = args.os_version.lower()
    return base


def texts(value):
    return [item.strip() for item in value.split(",")] if value else []


def key(value):
    if isinstance(value, str):
        return value
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return json.dumps(plain(value), ensure_ascii=False)


def plain(value):
    """The value with what JSON lacks as text."""
    if isinstance(value, dict):
        return {key(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, bytes):
        import base64

        return base64.b64encode(value).decode()
    if isinstance(value, float) and value - value != 0:
        return None
    return value


def line(**fields):
    return json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def matrix(folder, args, largest=None):
    """The jobs before the merge."""
    subset = tuple(map(int, args.subset.split("/"))) if args.subset else None
    whole = matrix_module._get_matrix

    def measured(*words):
        made = whole(*words)
        if largest is not None and made[2] > largest:
            raise TooLarge(made[2])
        return made

    matrix_module._get_matrix = measured
    try:
        return matrix_module.build_matrix(
            folder, subset=subset, no_nested_subset=args.no_nested_subset, seed=args.seed
        )
    finally:
        matrix_module._get_matrix = whole


def plan(folder, args, largest=None, times=None):
    """Yields the lines of the plan; raises what teuthology raises."""

    def relative(paths):
        return [os.path.relpath(path, folder) for path in paths]

    name = args.suite_name
    if name is None and "/suites/" in folder:
        name = folder[folder.find("/suites/") + len("/suites/") :].replace("/", ":")
    start = time.monotonic()
    jobs = matrix(folder, args, largest)
    limit = args.limit or None
    if times is not None:
        times["matrix"] = time.monotonic() - start
    if args.no_merge:
        # Who measures wants nothing written.
        for description, paths in jobs[:limit] if times is None else []:
            if name is not None:
                description = merge_module.combine_path(name, description)
            yield line(description=description, fragments=relative(paths))
        return
    merged = merge_module.config_merge(
        jobs,
        suite_name=name,
        base_config=JobConfig.from_dict(base_config(args)),
        filter_in=texts(args.filter),
        filter_out=texts(args.filter_out),
        filter_all=texts(args.filter_all),
        filter_fragments=args.filter_fragments,
        seed=args.seed,
    )
    for description, paths, job in itertools.islice(merged, limit):
        if times is not None:
            times["merge"] = time.monotonic() - start - times["matrix"]
            continue
        section = job.get("teuthology")
        if isinstance(section, dict) and section.get("fragments_dropped"):
            section["fragments_dropped"] = relative(section["fragments_dropped"])
        yield line(description=description, fragments=relative(paths), job=plain(job))


def main():
    parser = options()
    parser.add_argument("folder")
    parser.add_argument("--time", action="store_true", help="print only how many seconds matrix and merge took")
    args = parser.parse_args()
    times = {} if args.time else None
    try:
        for text in plan(os.path.normpath(args.folder), args, times=times):
            print(text)
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}")
    if args.time:
        print(sum(times.values()))


if __name__ == "__main__":
    main()
