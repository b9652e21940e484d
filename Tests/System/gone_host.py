"""A host that goes while the guest's agent answers it: gone_host.py FOLDER SECONDS, with the machine's folder and how long it stays.
The machine is paused when it goes, so QEMU sees it go when the guest writes."""

import json
import socket
import sys
import time

folder, seconds = sys.argv[1], float(sys.argv[2])


def connect(name):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(f"{folder}/{name}")
    return connection


monitor = connect("qmp").makefile("rw")
monitor.readline()


def ask(command):
    monitor.write(json.dumps({"execute": command}) + "\n")
    monitor.flush()
    while "return" not in json.loads(monitor.readline()):
        pass


ask("qmp_capabilities")
agent = connect("agent")
agent.send(b"\nsync early ;\n" * 200)
time.sleep(seconds)
ask("stop")
agent.close()
ask("cont")
