#!/usr/bin/env python3
"""Compares `kdevlua suite schedule` with the real teuthology-suite, job by job, on Ceph's own suites: what a dry run prints,
and what comes out of a beanstalkd, read by PyYAML as the dispatcher does.

    schedule.py PROGRAM QA                        QA is the folder that has suites/
    schedule.py --read                            prints jobs that are YAML in a JSON list as lines of JSON
    schedule.py --real [options of teuthology-suite]   prints the jobs of the real one, a line of JSON each

The real command runs whole: only teuthology-schedule is called instead of started, and https to this machine is http.
"""
import http.server
import importlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

TIMESTAMP = "2026-01-01_00:00:00"


def real(words):
    import lupa

    lupa.LuaRuntime = importlib.import_module("lupa.lua54").LuaRuntime
    import docopt
    import requests

    sys.argv = ["teuthology-suite"]
    from oracle import plain

    import scripts.schedule
    import scripts.suite
    import teuthology.misc
    import teuthology.schedule
    import teuthology.suite
    from teuthology.suite import util

    process, get = teuthology.suite.process_args, requests.get

    def process_args(args):
        options = process(args)
        options.timestamp = TIMESTAMP
        return options

    def schedule(args, verbose, dry_run, log_prefix="", stdin=None):
        arguments = docopt.docopt(scripts.schedule.doc, argv=list(args))
        teuthology.misc.stdin = io.StringIO(stdin or "")
        job = plain(teuthology.schedule.build_config(arguments))
        for _ in range(int(arguments["--num"])):
            print(json.dumps(job, sort_keys=True))

    teuthology.suite.process_args = process_args
    util.teuthology_schedule = schedule
    requests.get = lambda url, **more: get(url.replace("https://127.0.0.1:", "http://127.0.0.1:"), **more)
    scripts.suite.main(words)


def read():
    """As the dispatcher reads jobs. In a process of its own: teuthology changes what threads are."""
    from oracle import plain

    import yaml

    for body in json.load(sys.stdin):
        print(json.dumps(plain(yaml.safe_load(body)), sort_keys=True))


class Lab(http.server.BaseHTTPRequestHandler):
    """Shaman and the results server. Everything is built but what is called missing; the runs are in `runs`."""

    runs = {}

    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        answer = []
        if url.path == "/api/search" and query.get("ref") != "missing":
            distro, version, arch = query["distros"].split("/")
            answer = [{
                "ref": query.get("ref", "main"), "sha1": query.get("sha1") or (distro + version + "0" * 40).encode().hex()[:40],
                "distro": distro, "distro_version": version, "distro_codename": None, "flavor": query["flavor"],
                "project": query["project"], "status": "ready", "archs": [arch], "url": "http://x/", "chacra_url": "http://x/",
                "extra": {"version": "1", "package_manager_version": "1-1"},
            }]
        elif url.path.startswith("/api/builds/ceph/"):
            answer = [{
                "distro": "centos", "distro_version": "9", "distro_arch": "x86_64", "flavor": "default", "status": "completed",
                "sha1": url.path.split("/")[5], "ref": "main", "url": "", "log_url": "",
            }]
        elif url.path.startswith("/runs/"):
            answer = self.runs[urllib.parse.unquote(url.path.split("/")[2])]
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def repository(path, branches):
    def git(*words, data=b""):
        return subprocess.run(["git", *words], input=data, check=True, capture_output=True).stdout.decode().strip()

    git("init", "-q", "--bare", "-b", "main", path)
    tree = git("-C", path, "mktree")
    for branch in branches:
        who = ["-c", "user.name=t", "-c", "user.email=t@t"]
        commit = git("-C", path, *who, "commit-tree", "-m", branch, tree)
        git("-C", path, "update-ref", f"refs/heads/{branch}", commit)
    return f"file://{path}"


def cases(work):
    extra = f"{work}/extra.yaml"
    with open(extra, "w", encoding="utf-8") as file:
        file.write(
            "overrides: {ceph: {log-ignorelist: [extra], conf: {mds: {debug mds: 20}}}}\ntargets: {a: b}\n"
            "priority: 77\nmachine_type: smithi,gibba\n")
    install = f"{work}/install.yaml"
    with open(install, "w", encoding="utf-8") as file:
        file.write("overrides: {install: {ceph: {flavor: crimson}}}\nverify_ceph_hash: false\n")
    krbd = ["--suite", "krbd"]
    yield [*krbd, "--seed", "1"]
    yield [*krbd, "--seed", "2", "--kernel", "wip-foo", "--limit", "7", "--num", "2", "--email", "a@b", "--owner", "me@lab"]
    yield [*krbd, "--seed", "3", "--kernel", "none", "--subset", "1/3", extra, install]
    yield [*krbd, "--seed", "4", "--kernel", "wip-foo", "--kdb", "false", "--distro", "ubuntu", "--distro-version", "jammy"]
    yield [*krbd, "--seed", "5", "--no-nested-subset", "--machine-type", "smithi,gibba", "-v", "--flavor", "notcmalloc"]
    yield [*krbd, "--seed", "6", "-S", "1234567890" * 4, "--validate-sha1", "false", "--ceph", "wip-me"]
    yield [*krbd, "--seed", "1", "--limit", "2", "--expire", "2099-01-31T12:00:00", "--rocketchat", "a,b", "--archive-upload", "h:/a"]
    yield [*krbd, "--seed", "1", "--limit", "2", "--expire", "2099-01-31_12:30:00"]
    yield [*krbd, "--seed", "7", "--suite-branch", "wip-me", "--teuthology-branch", "next", "--timeout", "60"]
    yield [*krbd, "--seed", "8", "--sleep-before-teardown", "30", "--limit", "2", "--priority", "50"]
    fs = ["--kernel", "wip-foo", "--filter", "k-testing"]
    yield ["--suite", "fs", "--seed", "1", "--subset", "3/16", *fs]
    yield ["--suite", "fs/luaupg", "--seed", "9", "--kernel", "wip-foo"]
    yield ["--suite", "fs:workload", "--seed", "10", "--subset", "0/8", "--distro", "centos", "-D", "9.stream", *fs]
    yield ["--suite", "fs/functional", "--seed", "11", "--filter-out", "fuse", "--filter-all", "kclient,ubuntu"]
    # Where things come from.
    other = repository(f"{work}/other.git", ["main", "wip-me", "wip-tests"])
    yield [*krbd, "--seed", "1", "--limit", "2", "--ceph-repo", other, "--ceph", "wip-me"]
    yield [*krbd, "--seed", "1", "--limit", "2", "--suite-repo", other, "--suite-branch", "wip-tests"]
    yield [*krbd, "--seed", "1", "--limit", "2", "--ceph-repo", other, "--suite-repo", other]
    yield [*krbd, "--seed", "1", "--limit", "2", "--suite-sha1", "abcdef0123" * 4, "--validate-sha1", "false"]
    yield [*krbd, "--seed", "1", "--limit", "2", "-vv", "-y"]
    # Texts that only paths have; in paths they are Lua patterns.
    yield [*krbd, "--seed", "1", "--filter-fragments", "true", "--filter", "bluestore.*%.yaml$"]
    yield [*krbd, "--seed", "1", "-F", "true", "--filter-out", "ms_mode/.+crc", "--filter-all", "tasks/rbd"]
    yield ["--suite", "fs", "--seed", "1", "--subset", "3/16", "--kernel", "wip-foo", "-F", "true", "--filter", "k-testing.yaml"]
    # Runs again.
    for options in ([], ["-R", "pass"], ["--rerun-statuses", "dead"], ["-R", "pass, fail,dead", "--kernel", "wip-foo"]):
        yield ["--rerun", "krbd-run", *options]
    yield ["--rerun", "krbd-run", "--subset", "1/3", "--seed", "3", "--filter", "nothing-else"]
    yield ["--rerun", "whole-run", "--priority", "100"]


def refused():
    """Runs that may not be, in both."""
    krbd = ["--suite", "krbd"]
    for wrong in (["--seed", "4"], ["--subset", "0/3"], ["--no-nested-subset"]):
        yield ["--rerun", "krbd-run", *wrong]
    yield [*krbd, "--seed", "1", "-F", "true", "--filter", "%"]
    yield [*krbd, "--seed", "1", "--priority", "60"]
    yield [*krbd, "--seed", "1", "--priority", "49", "--limit", "1"]
    yield [*krbd, "--seed", "1", "--job-threshold", "10"]
    yield [*krbd, "--seed", "1", "--kernel", "missing"]
    yield [*krbd, "--seed", "1", "--ceph", "nowhere"]


def make_runs(program, qa):
    """Runs of krbd, as the results server would know them, with all statuses."""
    for name, seed, subset in (("krbd-run", 3, "1/3"), ("whole-run", 5, None)):
        words = [program, "suite", "plan", f"{qa}/suites/krbd", "--kernel", "distro", "--format", "names", "--quiet"]
        words += ["--seed", str(seed), *(["--subset", subset] if subset else [])]
        names = subprocess.run(words, check=True, capture_output=True).stdout.decode().splitlines()
        Lab.runs[name] = {
            "name": name, "suite": "krbd", "status": "finished", "jobs": [
                {
                    "job_id": str(number), "description": text, "status": ("pass", "fail", "pass", "dead", "running")[number % 5],
                    "seed": seed, "subset": subset, "no_nested_subset": False, "failure_reason": None,
                }
                for number, text in enumerate(names)
            ],
        }


class Queue:
    """A beanstalkd of its own, emptied as the dispatcher does it."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(["beanstalkd", "-l", "127.0.0.1", "-p", str(self.port)])
        for _ in range(100):
            try:
                self.connection = socket.create_connection(("127.0.0.1", self.port))
                break
            except OSError:
                time.sleep(0.05)
        self.answers = self.connection.makefile("rb")

    def ask(self, line):
        self.connection.sendall(line.encode() + b"\r\n")
        return self.answers.readline().split()

    def jobs(self, tube):
        """The jobs in the order in which they come, as PyYAML reads them."""
        bodies = []
        self.ask(f"watch {tube}")
        while (answer := self.ask("reserve-with-timeout 0"))[0] == b"RESERVED":
            body = self.answers.read(int(answer[2]) + 2)[:-2]
            self.ask(f"delete {int(answer[1])}")
            bodies.append(body.decode())
        result = subprocess.run(
            [sys.executable, "-B", __file__, "--read"], input=json.dumps(bodies).encode(), check=True, capture_output=True)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def end(self):
        self.process.terminate()
        self.process.wait()


def queue_difference(program, words, common, work, queue, tube):
    """What is different in the queue, or None; and how many jobs there are."""
    ours = subprocess.run(
        [program, "suite", "schedule", "--quiet", "--timestamp", TIMESTAMP, *common, *words],
        env={**os.environ, "TEUTHOLOGY_CONFIG": f"{work}/queue.yaml"}, capture_output=True, check=False)
    if ours.returncode:
        return ours.stderr.decode(), 0
    theirs = subprocess.run(
        [sys.executable, "-B", __file__, "--real", *common, *words],
        env={**os.environ, "TEUTHOLOGY_CONFIG": f"{work}/teuthology.yaml"}, capture_output=True, check=True)
    # They come by their priority, which a file may set for all but the first and the last.
    wanted = sorted((json.loads(line) for line in theirs.stdout.splitlines()), key=lambda job: job["priority"])
    return compare(queue.jobs(tube), wanted)


def compare(found, wanted):
    if len(found) != len(wanted):
        return f"{len(found)} jobs, teuthology has {len(wanted)}", 0
    for number, (one, other) in enumerate(zip(found, wanted)):
        keys = [key for key in sorted({*one, *other}) if one.get(key, "missing") != other.get(key, "missing")]
        if keys:
            key = keys[0]
            return f"job {number}: {key}: {one.get(key, 'missing')}, teuthology has {other.get(key, 'missing')}", 0
    return None, len(found)


def difference(program, words, common, work, is_refused):
    """What is different, or None; and how many jobs there are."""
    ours_only = [word for word in words if word not in ("--validate-sha1",)]
    if "--validate-sha1" in words:
        ours_only.remove("false")
    ours = subprocess.run(
        [program, "suite", "schedule", "--dry-run", "--format", "json", "--timestamp", TIMESTAMP, *common, *ours_only],
        env={**os.environ, "TEUTHOLOGY_CONFIG": f"{work}/kdevlua.yaml"}, capture_output=True, check=False)
    theirs = subprocess.run(
        [sys.executable, "-B", __file__, "--real", *common, *words],
        env={**os.environ, "TEUTHOLOGY_CONFIG": f"{work}/teuthology.yaml"}, capture_output=True, check=False)
    if ours.returncode or theirs.returncode:
        if is_refused and ours.returncode and theirs.returncode:
            return None, 0
        return f"status {ours.returncode}, teuthology's {theirs.returncode}\n{ours.stderr.decode()}\n{theirs.stderr.decode()[-1500:]}", 0
    return compare(*([json.loads(line) for line in text.splitlines()] for text in (ours.stdout, theirs.stdout)))


def main():
    program, qa = sys.argv[1:]
    failed = count = jobs = 0
    with tempfile.TemporaryDirectory(prefix="kdevlua-schedule-") as work:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lab)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ceph = repository(f"{work}/ceph.git", ["main", "wip-me"])
        own = repository(f"{work}/teuthology.git", ["main", "next"])
        make_runs(program, os.path.abspath(qa))
        queue = Queue()
        # The real one knows a name only, and https. What is really scheduled is not reported: there is no such server.
        results = f"'http://127.0.0.1:{server.server_port}/'"
        for name, scheme, reports in (("teuthology", "", results), ("kdevlua", "http://", results), ("queue", "http://", "''")):
            with open(f"{work}/{name}.yaml", "w", encoding="utf-8") as file:
                file.write(
                    f"ceph_git_url: {ceph}\nceph_qa_suite_git_url: {ceph}\nteuthology_git_url: {own}\n"
                    f"default_machine_type: smithi\nshaman_host: {scheme}127.0.0.1:{server.server_port}\n"
                    f"queue_host: 127.0.0.1\nqueue_port: {queue.port}\n"
                    f"results_server: {reports}\n"
                    "lock_server: ''\nresults_ui_server: http://127.0.0.1:1/\n")
        common = ["--suite-dir", os.path.dirname(os.path.abspath(qa)), "--arch", "x86_64"]
        for words, is_refused in [*((words, False) for words in cases(work)), *((words, True) for words in refused())]:
            found, size = difference(program, words, common, work, is_refused)
            count += 1
            jobs += size
            if found is not None:
                failed += 1
                print(f"FAIL schedule {' '.join(words)}\n{found}", flush=True)
        for words, tube in (
            (["--suite", "krbd", "--seed", "1", "--kernel", "wip-foo"], "smithi"),
            (["--suite", "fs", "--seed", "2", "--subset", "5/32", "--num", "2", "--email", "a@b"], "smithi"),
            (["--suite", "fs/luaupg", "--seed", "9", "--kernel", "wip-foo", "-m", "smithi,gibba"], "multi"),
            (["--suite", "krbd", "--seed", "3", "--limit", "5", f"{work}/extra.yaml"], "smithi"),
        ):
            found, size = queue_difference(program, words, common, work, queue, tube)
            count += 1
            jobs += size
            if found is not None:
                failed += 1
                print(f"FAIL queue {' '.join(words)}\n{found}", flush=True)
        queue.end()
        server.shutdown()
    print(f"{count - failed} runs scheduled alike, {failed} different; {jobs} jobs")
    sys.exit(failed > 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--real"]:
        real(sys.argv[2:])
    elif sys.argv[1:2] == ["--read"]:
        read()
    else:
        main()
