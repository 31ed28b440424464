"""A process that collects all the time and gets a signal every 20 ms, one that it handles or one that it
ignores: while a capture waits for a moment between two collections it runs on, and no signal is lost.
For every CPython of the machine. Arguments: brille, brille-python (not used), versions (default all)."""
import json
import os
import subprocess
import tempfile
import threading
import time

import cpythons
from capture_support import Failure, Program, main

WAIT_S = 6  # that a capture may wait; a process that stands still meanwhile does so nearly all of it
STILL_MOST_S = 2.0
CAPTURES = 3

PROGRAM = """
import gc, signal, sys, threading
kept = [[] for _ in range(150000)]
seen = 0
def on_alarm(*_):
    global seen
    seen += 1
ignored = sys.argv[1] == "ignored"
signal.signal(signal.SIGALRM, signal.SIG_IGN if ignored else on_alarm)
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
print("READY", flush=True)
while not over.is_set():
    gc.collect()
signal.setitimer(signal.ITIMER_REAL, 0)
print("ignored" if ignored else seen > 20, flush=True)
"""


class Watcher:
    """The longest time for which a process was stopped by a tracer."""

    def __init__(self, pid):
        self.pid, self.longest_s, self.over = pid, 0, False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        since = None
        while not self.over:
            with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
                state = stat.read().rpartition(")")[2].split()[0]
            now = time.monotonic()
            if state == "t":
                since = since or now
                self.longest_s = max(self.longest_s, now - since)
            else:
                since = None
            time.sleep(0.005)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()


def test_one(brille, interpreter, kind):
    with Program(interpreter.path, "-c", PROGRAM, kind) as target, \
            tempfile.TemporaryDirectory() as scratch, Watcher(target.pid) as watcher:
        for _ in range(CAPTURES):
            heap = os.path.join(scratch, "a.heap")
            json.loads(subprocess.run([brille, "dump", str(target.pid), "-o", heap, "--wait",
                                       f"{WAIT_S}s", "--json"], check=True, text=True,
                                      stdout=subprocess.PIPE).stdout)
        watcher.over = True
        watcher.thread.join()
        target.process.stdin.close()
        answer = target.process.stdout.readline().strip()
    if watcher.longest_s > STILL_MOST_S:
        raise Failure(f"{interpreter}, {kind}: stood still for {watcher.longest_s:.2f} s")
    if answer not in ("ignored", "True"):
        raise Failure(f"{interpreter}, {kind}: signals were lost: {answer!r}")
    return watcher.longest_s


def test(brille, _, __, versions):
    found = [each for each in cpythons.find() if not versions or each.name in versions]
    for interpreter in found:
        still = [test_one(brille, interpreter, kind) for kind in ("handled", "ignored")]
        print(f"{interpreter}: stood still for {1000 * max(still):.0f} ms at most", flush=True)
    if not found:
        print("no CPython to test")
        raise SystemExit(77)


main(test)
