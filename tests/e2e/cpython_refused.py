"""What brille does not read is recognised, and refused in one line that says what was found: other
versions, free-threaded and debug builds, interpreters without symbols. Those that this machine has
not are played by a program that looks like them from outside.
Arguments: brille, brille-python (not used), cpython_pretender, _debug, _stripped."""
import glob
import json
import os
import shutil
import subprocess
import tempfile

from capture_support import Failure, main


def refuse(brille, command, words):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    try:
        for verb in ("dump", "stack", "gil"):
            done = subprocess.run([brille, verb, str(process.pid)], capture_output=True, text=True)
            lines = done.stderr.splitlines()
            if (done.returncode != 3 or done.stdout or not 1 <= len(lines) <= 3 or
                    not lines[0].startswith("brille: ") or not all(w in done.stderr for w in words)):
                raise Failure(f"{verb} {command}: status {done.returncode}, {done.stderr}")
        rows = json.loads(subprocess.run([brille, "ps", "--json"], capture_output=True,
                                         text=True).stdout)["processes"]
        row = next((row for row in rows if row["pid"] == process.pid), None)
        if not row or row["readable"] is True or not row["why"]:
            raise Failure(f"ps of {command}: {row}")
    finally:
        process.communicate()
    return "; ".join(lines)


def older():
    """Pythons of the machine that are too old."""
    folders = ["/usr/bin", *sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin")))]
    for folder in folders:
        for version in ("2.7", "3.5", "3.6", "3.7"):
            path = os.path.join(folder, "python" + version)
            if os.path.exists(path):
                yield path, version


def test(brille, _, _folder, arguments):
    pretender, debug, stripped = arguments
    said = [
        refuse(brille, [pretender, "0x030e00f0", "0"], ["CPython 3.14.0", "3.8 to 3.13"]),
        refuse(brille, [pretender, "0x030f00a3", "0"], ["CPython 3.15.0", "3.8 to 3.13"]),
        refuse(brille, [pretender, "0x030d02f0", "1"], ["CPython 3.13.2", "free-threaded"]),
        refuse(brille, [pretender, "0x030e00f0", "1"], ["CPython 3.14.0"]),
        refuse(brille, [debug, "0x030d00f0", "0"], ["CPython 3.13.0", "debug build"]),
    ]
    with tempfile.TemporaryDirectory() as scratch:
        named = shutil.copy(stripped, os.path.join(scratch, "python3.12"))
        said.append(refuse(brille, [named, "0x030c00f0", "0"], ["CPython 3.12", "no symbol _PyRuntime"]))
    for path, version in older():
        said.append(refuse(brille, [path, "-c", "import sys; print(); sys.stdout.flush(); "
                                    "sys.stdin.read()"], [version, "3.8 to 3.13"]))
    print("\n".join(said))


main(test)
