"""Random suites: folders with all marks, numbers in %, links of all kinds, and fragments with scripts."""
import os

import fragments

NAMES = ["a", "b", "B", "c", "10", "9", "_d", "a-b", "a.b", "e f", "é", "x.yaml", "z", "{q", "~t"]
LAST = [".yaml"] * 30 + [".yml", "", ".yaml~"]
NUMBERS = [""] * 40 + ["2", "2\n", "3", " 2 ", "4", "7"]
BAD_NUMBERS = ["0", "\n", "-1", "x", "1.5", "2 2", "_2", "99999"]


class Tree:
    def __init__(self, random, root):
        self.random = random
        self.root = root
        self.suite = f"{root}/qa/suites/s"
        # How much may go wrong: most trees are sound.
        self.sloppiness = random.choice([0, 0, 0, 0, 0.01, 0.05])
        self.scripts = fragments.Fragments(random)
        self.pool = []
        os.makedirs(f"{root}/qa/suites")
        for name in random.sample(["objects", "distros", "mount$", "conf"], random.randint(0, 4)):
            path = f"{root}/qa/{name}"
            self.folder(path, 2)
            self.pool.append(path)
        self.folder(self.suite, random.choice([1, 2, 3, 3, 4, 4]), "____%%%%%%%%%+$")

    def chance(self, share):
        return self.random.random() < share

    def write(self, path, text=""):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def folder(self, path, depth, marks="____%%%%%%+$"):
        os.makedirs(path, exist_ok=True)
        mark = self.random.choice(marks).strip("_")
        if mark == "%":
            bad = self.chance(self.sloppiness)
            self.write(f"{path}/%", self.random.choice(BAD_NUMBERS if bad else NUMBERS))
        elif mark:
            self.write(f"{path}/{mark}")
        if self.chance(0.02):
            self.write(f"{path}/{self.random.choice('%+$')}")
        if self.chance(0.3):
            os.symlink(os.path.relpath(f"{self.root}/qa", os.path.realpath(path)), f"{path}/.qa")
        names = self.random.sample(NAMES, self.random.randint(2, 5))
        # Without one that counts a folder is an error, which is for slips.
        self.fragment(f"{path}/{names[0]}.yaml")
        for name in names[1:]:
            # Facets are folders, choices are files.
            self.entry(path, name, depth if self.chance(0.85 if mark == "%" else 0.4) else 0)
        if self.chance(0.05):
            self.write(f"{path}/.hidden.yaml", "[")
        if self.chance(0.1):
            self.write(f"{path}/README", "not a fragment\n")
        if self.chance(0.05):
            os.makedirs(f"{path}/empty", exist_ok=True)
        if self.chance(self.sloppiness):
            self.slip(path)

    def entry(self, path, name, depth):
        if depth > 0:
            ending = self.random.choice([""] * 12 + ["$", "$", ".disable", ".yaml"])
            if self.pool and self.chance(0.3):
                self.link(self.random.choice(self.pool), path, name + ending)
            else:
                self.folder(f"{path}/{name}{ending}", depth - 1, "______%%+$")
            return
        file = f"{path}/{name}{self.random.choice(LAST)}"
        if self.scripts.made and self.chance(0.2):
            self.link(self.random.choice(self.scripts.made), path, os.path.basename(file))
            return
        self.fragment(file)

    def fragment(self, path):
        self.write(path, self.scripts.text())
        if path.endswith(".yaml"):
            self.scripts.made.append(path)

    def link(self, target, path, name):
        if not os.path.lexists(f"{path}/{name}"):
            os.symlink(os.path.relpath(target, os.path.realpath(path)), f"{path}/{name}")

    def slip(self, path):
        """What a suite should not have."""
        kind = self.random.choice(["broken", "loop", "readme", "number", "self"])
        if kind == "broken":
            os.symlink("nowhere.yaml", f"{path}/broken.yaml")
        elif kind == "loop":
            os.symlink("..", f"{path}/loop")
        elif kind == "self":
            os.symlink("self", f"{path}/self")
        elif kind == "readme":
            os.makedirs(f"{path}/only", exist_ok=True)
            self.write(f"{path}/only/README")
        else:
            self.write(f"{path}/%", self.random.choice(["2", "9", "50"]))
