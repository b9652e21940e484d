#!/usr/bin/env python3
"""Prints how many seconds `kdevlua suite schedule` takes for 1,000 jobs, into a beanstalkd of this machine.

    lab_bench.py PROGRAM [--results]     with --results a results server of this machine is told of each, too
"""
import http.server
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

import schedule


class Results(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")


def main():
    program = os.path.abspath(sys.argv[1])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Results)
    Results.log_message = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="kdevlua-lab-") as work:
        for folder in ("a", "b", "c"):
            os.makedirs(f"{work}/qa/suites/s/{folder}")
            for number in range(10):
                with open(f"{work}/qa/suites/s/{folder}/{number}.yaml", "w", encoding="utf-8") as file:
                    # Of the size of Ceph's own.
                    log = "".join(f"      - {folder}{number} line {line} of a list\n" for line in range(12))
                    file.write(f"tasks: [{{{folder}{number}: {{clients: [client.0]}}}}]\noverrides:\n  ceph:\n    log:\n{log}")
        open(f"{work}/qa/suites/s/%", "w", encoding="utf-8").close()
        ceph = schedule.repository(f"{work}/ceph.git", ["main"])
        results = f"http://127.0.0.1:{server.server_port}/" if "--results" in sys.argv else "''"
        with open(f"{work}/teuthology.yaml", "w", encoding="utf-8") as file:
            file.write(
                f"ceph_git_url: {ceph}\nteuthology_git_url: {ceph}\nsuite_verify_ceph_hash: false\n"
                f"results_server: {results}\nqueue_host: 127.0.0.1\nqueue_port: {port}\n")
        queue = subprocess.Popen(["beanstalkd", "-l", "127.0.0.1", "-p", str(port)])
        try:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    time.sleep(0.01)
            start = time.monotonic()
            subprocess.run(
                [program, "suite", "schedule", "--suite", "s", "--suite-dir", work, "-m", "smithi", "--job-threshold", "0", "-q"],
                env={**os.environ, "TEUTHOLOGY_CONFIG": f"{work}/teuthology.yaml"}, check=True, stdout=subprocess.DEVNULL)
            seconds = time.monotonic() - start
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(b"stats-tube smithi\r\nquit\r\n")
                text = connection.makefile().read()
            if "current-jobs-ready: 1002\n" not in text:
                sys.exit(f"not 1,002 jobs in the queue:\n{text}")
        finally:
            queue.terminate()
            queue.wait()
    print(seconds)


if __name__ == "__main__":
    main()
