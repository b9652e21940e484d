"""The lab on loopback, for the tests: Shaman and the results server, in the JSON shapes of the real ones.

    lab.py FOLDER     writes the port to FOLDER/port; FOLDER/builds and FOLDER/packages say what Shaman knows

FOLDER/packages has lines `PROJECT REF COMMIT DISTRO/VERSION`, FOLDER/builds lines `PROJECT REF COMMIT DISTRO/VERSION STATUS`.
Runs are FOLDER/runs/NAME.json, written by what is posted. FOLDER/log has a line for each request, with the client's port.
"""
import http.server
import json
import os
import sys
import urllib.parse

folder = sys.argv[1]


def lines(name):
    path = f"{folder}/{name}"
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [line.split() for line in file if line.strip()]


class Lab(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, value, status=200):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self):
        with open(f"{folder}/log", "a", encoding="utf-8") as file:
            file.write(f"{self.command} {self.path} {self.client_address[1]}\n")

    def do_GET(self):
        self.note()
        url = urllib.parse.urlparse(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        parts = [urllib.parse.unquote(part) for part in url.path.strip("/").split("/")]
        # A server that recovers: as many 503 as the file has lines.
        if os.path.exists(f"{folder}/broken"):
            os.remove(f"{folder}/broken")
            return self.answer({"message": "overloaded"}, 503)
        # And one that does not, as long as that file is there.
        if os.path.exists(f"{folder}/outage"):
            return self.answer({"message": "under maintenance"}, 503)
        if parts == ["api", "search"]:
            distro, version, arch = query["distros"].split("/")
            return self.answer([
                {
                    "ref": ref, "sha1": commit, "project": project, "flavor": query["flavor"], "status": "ready",
                    "distro": distro, "distro_version": version, "distro_codename": None, "archs": [arch],
                    "url": f"https://1.chacra.ceph.com/r/{project}/{ref}/{commit}/{distro}/{version}/flavors/default/",
                    "chacra_url": f"https://1.chacra.ceph.com/repos/{project}/{ref}/{commit}/{distro}/{version}/flavors/default/",
                    "modified": "2026-01-01 00:00:00.000000",
                    "extra": {"version": "6.12.0", "package_manager_version": f"6.12.0-1.g{commit[:8]}", "build_url": ""},
                }
                for project, ref, commit, place in lines("packages")
                if project == query["project"] and place == f"{distro}/{version}"
                and (commit == query["sha1"] if "sha1" in query else ref == query["ref"])
            ])
        if parts[:2] == ["api", "builds"]:
            known = [line for line in lines("builds") if line[:len(parts) - 2] == parts[2:]]
            if len(parts) == 4:
                return self.answer(sorted({line[2] for line in known}))
            return self.answer([
                {
                    "url": f"https://jenkins.ceph.com/job/{project}/1/", "log_url": f"https://jenkins.ceph.com/job/{project}/1/consoleFull",
                    "ref": ref, "sha1": commit, "flavor": "default", "status": status, "extra": {}, "project": project,
                    "distro": place.split("/")[0], "distro_version": place.split("/")[1], "distro_codename": None,
                    "distro_arch": "x86_64", "started": "2026-01-01 00:00:00", "completed": None, "modified": "2026-01-01 00:00:00",
                }
                for project, ref, commit, place, status in known
            ])
        if parts[0] == "runs" and os.path.exists(self.run(parts[1])):
            with open(self.run(parts[1]), encoding="utf-8") as file:
                return self.answer(json.load(file))
        if parts[0] == "nodes":
            return self.answer([{"name": "smithi001", "machine_type": query["machine_type"], "arch": "x86_64"}])
        return self.answer({"message": "not found"}, 404)

    def run(self, name):
        return f"{folder}/runs/{name}.json"

    def store(self, isNew):
        self.note()
        job = json.loads(self.rfile.read(int(self.headers["content-length"])))
        name = urllib.parse.unquote(self.path.split("/")[2])
        os.makedirs(f"{folder}/runs", exist_ok=True)
        run = {"name": name, "suite": job.get("suite"), "status": "queued", "jobs": []}
        if os.path.exists(self.run(name)):
            with open(self.run(name), encoding="utf-8") as file:
                run = json.load(file)
        known = [other for other in run["jobs"] if other["job_id"] == job["job_id"]]
        if known and isNew:
            return self.answer({"message": f"job with job_id {job['job_id']} already exists"}, 400)
        run["jobs"] = [other for other in run["jobs"] if other not in known] + [job]
        with open(self.run(name), "w", encoding="utf-8") as file:
            json.dump(run, file)
        return self.answer({})

    def do_POST(self):
        self.store(True)

    def do_PUT(self):
        self.store(False)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lab)
with open(f"{folder}/port.partial", "w", encoding="utf-8") as file:
    file.write(str(server.server_port))
os.rename(f"{folder}/port.partial", f"{folder}/port")
server.serve_forever()
