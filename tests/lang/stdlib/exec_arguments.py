"""What exec, putenv and extra_groups refuse, and arguments that change while they are read."""
import os
import subprocess

NOWHERE = "/nonexistent/program"


def attempt(function, *args):
    try:
        function(*args)
    except (TypeError, ValueError) as e:
        print(type(e).__name__, e)
    except OSError as e:
        print(type(e).__name__, e.errno)


class Path:
    def __init__(self, words):
        self.words = words

    def __fspath__(self):
        self.words[1:] = ["other"]
        return "x"


for argv in ("xy", (w for w in "ab"), [], [""], ["ok"]):
    attempt(os.execv, NOWHERE, argv)
    attempt(os.execve, NOWHERE, argv, {})
for environment in ({"a=b": "c"}, {"": "c"}, {"=a": "c"}, 5, {"a": "b"}, {b"a": b"b"}):
    attempt(os.execve, NOWHERE, ["x"], environment)
attempt(os.putenv, "a=b", "c")
attempt(os.putenv, "a", "c")
words = ["a"]
words.insert(0, Path(words))
attempt(os.execv, NOWHERE, words)
print(subprocess.run([b"echo", "mixed"], stdout=subprocess.PIPE).stdout)
