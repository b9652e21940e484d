"""Whether two errors are of one kind: what teuthology raises, and what kdevlua says."""
import re

# A part of what kdevlua says, for each type whose name it does not say.
TEXTS = {
    "AssertionError": "cannot merge|nothing counts|asked for index|must be |number from 1|no .*number",
    "AttributeError": "must be a ",
    "TypeError": "cannot add a |must be a ",
    "ValueError": "is not a |must be empty or have a number",
    "ZeroDivisionError": "no job is left",
    "OSError": "does not exist|leads back",
    "FileNotFoundError": "does not exist|No such file",
    "RecursionError": "nests? too deep|holds itself",
    "RuntimeError": "changes while",
    "UnicodeDecodeError": "UTF-8",
    "YAMLError": r":\d+:\d+: ",
}
YAML = {"ComposerError", "ConstructorError", "ParserError", "ReaderError", "ScannerError"}


def alike(theirs, ours):
    """theirs is "TYPE: message", ours what standard error got."""
    name, _, message = theirs.partition(": ")
    if name in ("LuaError", "LuaSyntaxError"):
        # What Lua itself says is the same, up to the first bracket: which variable it was, kdevlua knows more often.
        places = r'^(\[string "[^"]*"\]:\d+: |failure to load script: )*'
        told = re.sub(places, "", message.split("\n")[0]).split(" (")[0]
        return told[:40] in ours
    if f"{name}: " in ours:
        return True
    text = TEXTS.get("YAMLError" if name in YAML else name)
    return text is not None and re.search(text, ours) is not None
