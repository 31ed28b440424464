"""What the tests that kill brille at random moments share: a program that is watched for whatever
brille may leave behind, and the processes that brille has started."""
import os
import re
import select
import subprocess

LIMIT_S = 120 * int(os.environ.get("BRILLE_TEST_PATIENCE", "1"))
MARK = f"BRILLE_TEST_MARK={os.getpid()}"


def children(pid, task=None):
    with open(f"/proc/{pid}/task/{task or pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def marked():
    """Processes that we have started or that those have: brille, keepers."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if MARK.encode() in file.read().split(b"\0"):
                    found.append(int(name))
        except (OSError, ValueError):
            pass
    return found


def mark():
    """The environment for what is to be found by marked()."""
    key, value = MARK.split("=")
    return dict(os.environ, **{key: value})


class Watched:
    """A program that writes now and then, and all that can be seen of it from outside."""

    def __init__(self, *command, **options):
        self.process = subprocess.Popen(command, bufsize=0, stdout=subprocess.PIPE, **options)
        self.pid = self.process.pid
        self.first = self.read()
        self.code = {start: self.in_file(path, offset, size)
                     for start, path, offset, size in self.executable()}

    def close(self):
        self.process.kill()
        self.process.communicate()

    def read(self):
        if not select.select([self.process.stdout], [], [], LIMIT_S)[0]:
            raise AssertionError("the program says nothing any more")
        return os.read(self.process.stdout.fileno(), 1 << 20)

    def goes_on(self):
        """Forgets what it has said so far and waits for more."""
        while select.select([self.process.stdout], [], [], 0)[0]:
            self.read()
        return self.read() != b""

    def executable(self):
        with open(f"/proc/{self.pid}/maps", encoding="utf-8") as maps:
            for line in maps:
                span, mode, offset, _, _, *path = line.split()
                if "x" in mode and path and path[0].startswith("/"):
                    start, end = (int(number, 16) for number in span.split("-"))
                    yield start, path[0], int(offset, 16), end - start

    @staticmethod
    def in_file(path, offset, size):
        with open(path, "rb") as file:
            file.seek(offset)
            return file.read(size)

    def patched(self):
        """Executable mappings that are not what their files hold."""
        found = []
        with open(f"/proc/{self.pid}/mem", "rb", buffering=0) as memory:
            for start, path, _, _ in self.executable():
                memory.seek(start)
                # The file may end before the last page does.
                if memory.read(len(self.code[start])) != self.code[start]:
                    found.append(path)
        return found

    def threads(self):
        """(state, tracer) of each."""
        found = []
        for task in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{task}/status", encoding="utf-8") as status:
                text = status.read()
            found.append(tuple(re.search(rf"^{field}:\s+(\S+)", text, re.M)[1]
                               for field in ("State", "TracerPid")))
        return found

    def children(self):
        return [child for task in os.listdir(f"/proc/{self.pid}/task")
                for child in children(self.pid, task)]

    def is_left_alone(self):
        return (not self.children() and
                all(state in "RSD" and tracer == "0" for state, tracer in self.threads()))
