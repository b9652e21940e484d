"""Random fragments."""


class Fragments:
    def __init__(self, random):
        self.random = random
        # The paths of those that were made, to link to.
        self.made = []

    def text(self):
        return f"n: {self.random.randint(0, 9)}\n"
