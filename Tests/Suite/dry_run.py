"""The real `teuthology-suite --dry-run`, without a network: its repositories are empty ones of this machine.

    dry_run.py WORK QA SUITE [options of teuthology-suite]

WORK is a folder for the repositories, QA the folder that has suites/. As the command itself, but with the Lua that
teuthology means.
"""
import importlib
import os
import subprocess
import sys

import lupa

lupa.LuaRuntime = importlib.import_module("lupa.lua54").LuaRuntime


def repository(path):
    if not os.path.exists(path):
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True)
        tree = subprocess.run(["git", "-C", path, "mktree"], input=b"", check=True, capture_output=True).stdout
        commit = subprocess.run(
            ["git", "-C", path, "-c", "user.name=t", "-c", "user.email=t@t", "commit-tree", "-m", "t", tree.decode().strip()],
            check=True, capture_output=True,
        ).stdout
        subprocess.run(["git", "-C", path, "update-ref", "refs/heads/main", commit.decode().strip()], check=True)
    return f"file://{path}"


def main():
    work, qa, suite, *options = sys.argv[1:]
    ceph, own = repository(f"{work}/ceph.git"), repository(f"{work}/teuthology.git")
    with open(f"{work}/teuthology.yaml", "w", encoding="utf-8") as file:
        file.write(
            f"ceph_git_url: {ceph}\nceph_qa_suite_git_url: {ceph}\nteuthology_git_url: {own}\n"
            "default_machine_type: smithi\nsuite_verify_ceph_hash: false\nresults_server: ''\nlock_server: ''\n"
            "results_ui_server: http://127.0.0.1:1/\n"
        )
    os.environ["TEUTHOLOGY_CONFIG"] = f"{work}/teuthology.yaml"
    sys.argv = ["teuthology-suite"]
    from scripts import suite as command

    command.main(
        ["--dry-run", "--suite", suite, "--suite-dir", os.path.dirname(qa), "--suite-relpath", os.path.basename(qa),
         "--ceph", "main", "--suite-branch", "main", "--teuthology-branch", "main", "--arch", "x86_64",
         "--machine-type", "smithi", "--kernel", "distro", "--force-priority", "--job-threshold", "0", *options]
    )


if __name__ == "__main__":
    main()
