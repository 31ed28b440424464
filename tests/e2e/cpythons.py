"""The CPythons of this machine that brille can inspect, each once: what a person may have installed,
in PATH, the usual folders, pyenv's, and /opt."""
import glob
import json
import os
import subprocess

FACTS = ("import sys, json; print(json.dumps([list(sys.version_info[:3]), sys.implementation.name, "
         "getattr(sys, 'abiflags', ''), sys.prefix]))")


class Interpreter:
    def __init__(self, path, version):
        self.path = path
        self.version = version  # (3, 11, 2)

    @property
    def name(self):
        return ".".join(map(str, self.version))

    def __repr__(self):
        return f"{self.name} ({self.path})"


def candidates():
    folders = ["/usr/bin", "/usr/local/bin", *os.environ.get("PATH", "").split(":")]
    folders += sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin")))
    folders += sorted(glob.glob("/opt/*/bin")) + ["/opt/bin"]
    for folder in folders:
        for minor in range(8, 14):
            yield os.path.join(folder, f"python3.{minor}")


def find():
    """Oldest first. Shims and links to one that has been found are left out."""
    found = {}
    for path in candidates():
        real = os.path.realpath(path)
        if not os.access(real, os.X_OK) or real in found or "/shims/" in path:
            continue
        try:
            answer = subprocess.run([real, "-I", "-S", "-c", FACTS], capture_output=True, text=True,
                                    timeout=60, check=True).stdout
            version, kind, flags, prefix = json.loads(answer)
        except (OSError, ValueError, subprocess.SubprocessError):
            continue
        if kind == "cpython" and not flags and version[0] == 3:
            found[real] = Interpreter(real, tuple(version))
    return sorted(found.values(), key=lambda each: (each.version, each.path))


if __name__ == "__main__":
    for interpreter in find():
        print(interpreter)
