"""What the end-to-end tests of captures share: starting a program under brille-python, dumping it,
reading ndjson.

A program says that it is ready by writing a line to standard output; it then waits on standard
input, so that it stays as it is until the test closes that, and ends when the test does.
"""
import collections
import json
import os
import subprocess
import sys
import tempfile
import time


LIMIT_S = 120 * int(os.environ.get("BRILLE_TEST_PATIENCE", "1"))  # that nothing reaches unless it hangs
# On a busy machine the default second may pass before a thread has run to its next safepoint.
PATIENCE = ("--wait", "60s")


class Failure(Exception):
    pass


class Program:
    """A program under brille-python, from its first READY line to the end of the with block."""

    def __init__(self, vm, path, *args, options=(), ready="READY", environment=None):
        env = dict(os.environ, **(environment or {}))
        self.process = subprocess.Popen([vm, *options, path, *args], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=env)
        self.pid = self.process.pid
        self.ready = ready

    def wait_ready(self):
        for line in self.process.stdout:
            if line.strip() == self.ready:
                return self
        raise Failure(f"the program ended before it was ready: status {self.process.wait()}")

    def __enter__(self):
        return self.wait_ready()

    def __exit__(self, *_):
        try:
            self.process.stdin.close()
            self.process.wait(timeout=LIMIT_S)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def child_of(pid):
    """The brille-python that a `brille run` has started."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        for child in children.read().split():
            if os.readlink(f"/proc/{child}/exe").endswith("brille-python"):
                return int(child)
    raise Failure("brille run has started nothing")


def wait_for_tracing(brille, pid, word, recorder):
    """Until `brille ps` says it: "requested" (a recorder has asked, the process is asleep), or one
    of the classes (it has answered); with None, either."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        for row in json.loads(run(brille, "ps", "--json"))["processes"]:
            tracing = row["tracing"]
            if row["pid"] == pid and (word in tracing if word else tracing != "off"):
                return
        if recorder.poll() is not None:
            raise Failure(f"brille record ended early: status {recorder.returncode}")
        time.sleep(0.05)
    raise Failure(f"tracing of process {pid} is never {word or 'asked for'}")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stderr}")
    return done.stdout


class Heap:
    """A heap as ndjson tells it."""

    def __init__(self, lines):
        self.objects = {}
        self.references = collections.defaultdict(list)
        self.roots = []
        self.threads = []
        self.head = None
        for line in lines:
            record = json.loads(line)
            kind = record["record"]
            if kind == "object":
                self.objects[int(record["address"], 16)] = record
            elif kind == "reference":
                self.references[int(record["source"], 16)].append(
                    (int(record["target"], 16), record["class"], record["kind"], record["name"]))
            elif kind == "root":
                self.roots.append(record)
            elif kind == "thread":
                self.threads.append(record)
            elif kind == "heap":
                self.head = record


def read_heap(brille, target):
    """A heap file, a core file or a moment of a trace, through ndjson."""
    with tempfile.TemporaryDirectory() as folder:
        text = os.path.join(folder, "a.ndjson")
        run(brille, "export", target, "--to", "ndjson", "-o", text)
        with open(text, encoding="utf-8") as lines:
            return Heap(lines)


def dump(brille, pid, *options):
    with tempfile.TemporaryDirectory() as folder:
        heap = os.path.join(folder, "a.heap")
        run(brille, "dump", str(pid), "-o", heap, *PATIENCE, *options)
        return read_heap(brille, heap)


def unexplained(heap):
    """Mortal objects whose count is not the number of references found."""
    return [o for o in heap.objects.values()
            if not o["immortal"] and o["refcount"] != o["explained"]]


def check_complete(heap, where):
    if not heap.head["complete"]:
        raise Failure(f"{where}: the capture was not complete")
    wrong = unexplained(heap)
    if wrong:
        shown = "\n".join(f"  {o}" for o in wrong[:10])
        raise Failure(f"{where}: {len(wrong)} objects with unexplained counts\n{shown}")


def main(test):
    """Runs test(brille, vm, folder of this file, further arguments); 77 is a skipped test."""
    try:
        test(sys.argv[1], sys.argv[2], os.path.dirname(os.path.abspath(__file__)), sys.argv[3:])
    except Failure as failure:
        print(failure)
        sys.exit(1)
