"""A CPython whose file is gone, replaced, or has lost its sections; one that lives in another pid
namespace, or another mount namespace with a file that is only there. All are read like any other.
Arguments: brille, brille-python (not used)."""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile


import cpythons
from capture_support import Failure, dump, main

PROGRAM = """
import sys, threading, time
def work(number):
    mine = ["local", number]
    while not STOP: time.sleep(0.01)
def spin():
    while not STOP: pass
STOP = []
for each in threading.Thread(target=work, args=(7,), name="worker"), threading.Thread(target=spin, name="spin"):
    each.start()
print("READY", flush=True)
def here():
    kept = {"a": [1]}
    sys.stdin.read()
here()
STOP.append(1)
"""


def lose_sections(path):
    """Of an ELF file: the table of sections, and with it all symbols but those of the loader."""
    with open(path, "r+b") as file:
        file.seek(40)
        file.write(bytes(8))
        file.seek(58)
        file.write(bytes(6))


def replace(path):
    shutil.copy("/bin/true", path + ".new")
    os.rename(path + ".new", path)


def python_below(pid):
    """The program that unshare has started: itself, its child, or that one's."""
    while True:
        if "python" in os.path.basename(os.readlink(f"/proc/{pid}/exe")):
            return pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
            found = children.read().split()
        if not found:
            raise Failure("unshare has started no Python")
        pid = int(found[0])


def look(brille, pid):
    heap = dump(brille, pid)
    names = sorted(each["name"] for each in heap.threads)
    if not heap.head["complete"] or names != ["MainThread", "spin", "worker"]:
        raise Failure(f"dump: {heap.head}, {names}")
    if [each["name"] for each in heap.threads if each["gil"] == "holder"] not in (["spin"], [], ["worker"]):
        raise Failure(f"dump: {heap.threads}")
    done = subprocess.run([brille, "stack", str(pid), "--json", "--locals"], capture_output=True, text=True)
    threads = {each["name"]: each for each in json.loads(done.stdout)["threads"]}
    if sorted(threads) != names:
        raise Failure(f"stack: {sorted(threads)}")
    for name, function in (("MainThread", "here"), ("worker", "work"), ("spin", "spin")):
        frames = threads[name]["frames"]
        if function not in [each["function"] for each in frames if each["kind"] == "python"]:
            raise Failure(f"stack: {frames}")
        if not [each for each in frames if each["kind"] == "native"]:
            raise Failure(f"stack: no native frames of {name}")
    done = subprocess.run([brille, "gil", str(pid), "--sample", "--for", "300ms", "--json"],
                          capture_output=True, text=True)
    held = {each["thread"]: each["held"] for each in json.loads(done.stdout)["threads"]}
    if sorted(held) != names or held["spin"] < 0.3:
        raise Failure(f"gil: {held}")


def test_one(brille, what, command, after=None):
    process = subprocess.Popen([*command, "-I", "-S", "-c", PROGRAM], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout.readline().strip() != "READY":
            raise Failure("the program did not start")
        if after:
            after()
        look(brille, python_below(process.pid) if command[0] == "unshare" else process.pid)
    except Failure as failure:
        raise Failure(f"{what}: {failure}") from None
    finally:
        process.communicate()
    print(what, flush=True)


def may_unshare():
    return subprocess.run(["unshare", "-p", "-m", "-f", "--mount-proc", "true"],
                          capture_output=True).returncode == 0


def test(brille, *_):
    static = next((each.path for each in cpythons.find() if each.path.startswith("/usr/bin")), None)
    if not static:
        print("no /usr/bin/python3.11")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as scratch:
        def copy():
            return shutil.copy(static, os.path.join(scratch, "python3.11"))
        path = copy()
        test_one(brille, "its file is deleted", [path], lambda: os.unlink(path))
        copy()
        test_one(brille, "its file is replaced", [path], lambda: replace(path))
        copy()
        lose_sections(path)
        test_one(brille, "its file has no sections", [path])
    if not may_unshare():
        print("other namespaces: not permitted here")
        return
    for interpreter in cpythons.find():
        test_one(brille, f"another pid namespace, {interpreter}",
                 ["unshare", "-p", "-m", "-f", "--mount-proc", interpreter.path])
    with tempfile.TemporaryDirectory() as mine:
        test_one(brille, "another mount namespace",
                 ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none "$0" && cp "$1" "$0" && shift && '
                  'exec "$0/python3.11" "$@"', mine, static])


main(test)
