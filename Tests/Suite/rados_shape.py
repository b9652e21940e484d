#!/usr/bin/env python3
"""Makes a suite that is shaped like Ceph's rados of 2021: 1,589,427 jobs, nearly all of them of one large product.

    rados_shape.py FOLDER        makes FOLDER/suites/rados, and FOLDER/suites/big, a part of it with 40,000 jobs

Files are few and short, as in the real one: what is large is the number of combinations.
"""
import os
import sys

# Of each product the sizes of its facets.
PRODUCTS = {
    "thrash": [2, 2, 4, 3, 4, 3, 2, 7, 5, 13, 3],
    "thrash-erasure-code": [2, 3, 4, 6, 8, 9],
    "thrash-erasure-code-big": [3, 4, 2, 5, 9],
    "thrash-erasure-code-isa": [3, 3, 5],
    "thrash-old-clients": [2, 4, 3, 2, 7, 9],
    "monthrash": [4, 2, 3, 5, 9],
    "multimon": [3, 3, 2, 7],
    "verify": [4, 3, 3, 2, 7],
    "basic": [3, 2, 4, 14],
    "perf": [2, 7, 14],
}
# Sums of plain files.
SUMS = {"singleton": 120, "singleton-nomsgr": 40, "standalone": 9, "mgr": 16, "rest": 3}


def write(path, text=""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def product(folder, sizes):
    write(f"{folder}/%")
    for facet, size in enumerate(sizes):
        for choice in range(size):
            write(f"{folder}/{facet:02}-facet/choice-{choice}.yaml", f"overrides: {{facet-{facet}: {choice}}}\n")
    write(f"{folder}/ceph.yaml", "tasks: [install: , ceph: {log-whitelist: [overall HEALTH_, slow request]}]\n")
    for distro in ("centos_8", "rhel_8", "ubuntu_latest"):
        write(f"{folder}/supported-random-distro$/{distro}.yaml", f"os_type: {distro}\n")


def main(root):
    for name, sizes in PRODUCTS.items():
        product(f"{root}/suites/rados/{name}", sizes)
    for name, count in SUMS.items():
        for number in range(count):
            write(f"{root}/suites/rados/{name}/all/test-{number}.yaml", f"tasks: [workunit: {number}]\n")
    product(f"{root}/suites/big/thrash", [2, 2, 4, 5, 5, 4, 25])


if __name__ == "__main__":
    main(sys.argv[1])
