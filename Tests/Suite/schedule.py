#!/usr/bin/env python3
"""Compares `kdevlua suite schedule --dry-run` with the real teuthology-suite, job by job, on Ceph's own suites.

    schedule.py PROGRAM QA                        QA is the folder that has suites/
    schedule.py --real [options of teuthology-suite]   prints the jobs of the real one, a line of JSON each

The real command runs whole: only teuthology-schedule is called instead of started, and https to this machine is http.
"""
import http.server
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
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


class Shaman(http.server.BaseHTTPRequestHandler):
    """Everything is built but what is called missing."""

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
    # A run that may not be.
    yield [*krbd, "--seed", "1", "--priority", "60"]
    yield [*krbd, "--seed", "1", "--priority", "49", "--limit", "1"]
    yield [*krbd, "--seed", "1", "--job-threshold", "10"]
    yield [*krbd, "--seed", "1", "--kernel", "missing"]
    yield [*krbd, "--seed", "1", "--ceph", "nowhere"]


def difference(program, words, common, work):
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
        if ours.returncode and theirs.returncode:
            return None, 0
        return f"status {ours.returncode}, teuthology's {theirs.returncode}\n{ours.stderr.decode()}\n{theirs.stderr.decode()[-1500:]}", 0
    found, wanted = ([json.loads(line) for line in text.splitlines()] for text in (ours.stdout, theirs.stdout))
    if len(found) != len(wanted):
        return f"{len(found)} jobs, teuthology has {len(wanted)}", 0
    for number, (one, other) in enumerate(zip(found, wanted)):
        keys = [key for key in sorted({*one, *other}) if one.get(key, "missing") != other.get(key, "missing")]
        if keys:
            key = keys[0]
            return f"job {number}: {key}: {one.get(key, 'missing')}, teuthology has {other.get(key, 'missing')}", 0
    return None, len(found)


def main():
    program, qa = sys.argv[1:]
    failed = count = jobs = 0
    with tempfile.TemporaryDirectory(prefix="kdevlua-schedule-") as work:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shaman)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ceph = repository(f"{work}/ceph.git", ["main", "wip-me"])
        own = repository(f"{work}/teuthology.git", ["main", "next"])
        # The real one knows a name only, and https.
        for name, scheme in (("teuthology", ""), ("kdevlua", "http://")):
            with open(f"{work}/{name}.yaml", "w", encoding="utf-8") as file:
                file.write(
                    f"ceph_git_url: {ceph}\nceph_qa_suite_git_url: {ceph}\nteuthology_git_url: {own}\n"
                    f"default_machine_type: smithi\nshaman_host: {scheme}127.0.0.1:{server.server_port}\n"
                    "results_server: ''\nlock_server: ''\nresults_ui_server: http://127.0.0.1:1/\n")
        common = ["--suite-dir", os.path.dirname(os.path.abspath(qa)), "--arch", "x86_64"]
        for words in cases(work):
            found, size = difference(program, words, common, work)
            count += 1
            jobs += size
            if found is not None:
                failed += 1
                print(f"FAIL schedule {' '.join(words)}\n{found}", flush=True)
        server.shutdown()
    print(f"{count - failed} runs scheduled alike, {failed} different; {jobs} jobs")
    sys.exit(failed > 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--real"]:
        real(sys.argv[2:])
    else:
        main()
