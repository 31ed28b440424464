"""Replay equals capture: the events up to the position that a dump noted, replayed, give exactly the
captured heap: the same objects, types, sizes, counts and generations. By brille (T.trace@SEQ) and by
the independent replayer in replay_model.py. Arguments: brille, brille-python, "birth" or "late",
program.
"""
import os
import signal
import subprocess
import tempfile

from capture_support import (LIMIT_S, Failure, check_complete, child_of, dump, main, read_heap, run,
                             wait_for_tracing)
from replay_model import compare, mortal, replay


def compare_all(brille, trace, heaps):
    """Each heap, with the position it was taken at, against both replayers."""
    events = trace + ".ndjson"
    run(brille, "export", trace, "--to", "ndjson", "-o", events)
    for name, heap in heaps:
        check_complete(heap, name)
        seq = heap.head["event_seq"]
        if seq is None:
            raise Failure(f"{name}: the dump notes no position in the event stream")
        captured = mortal(heap)
        again = read_heap(brille, f"{trace}@{seq}")
        if not again.head["complete"]:
            raise Failure(f"{name}: the replayed heap is not complete")
        compare(f"{name}, brille", captured, mortal(again))
        compare(f"{name}, replay_model.py", captured, replay(events, seq))
        print(f"{name}: {len(captured)} objects equal at position {seq}")


class Turns:
    """A program under replay_driver.py, directly or under `brille run`."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.wait()

    def wait(self):
        for line in self.process.stdout:
            if line == "TURN\n":
                return
        raise Failure(f"the program ended early: status {self.process.wait()}")

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        status = self.process.wait(timeout=LIMIT_S)
        if status:
            raise Failure(f"the program ended with status {status}")


def from_birth(brille, _, driver, program, trace):
    turns = Turns(brille, "run", "-e", "all", "-o", trace, driver, program)
    pid = child_of(turns.process.pid)
    heaps = [("after the first turn", dump(brille, pid))]
    turns.go_on()
    turns.wait()
    heaps.append(("after the second turn", dump(brille, pid, "--no-fork")))
    turns.go_on()
    turns.end()
    return heaps


def from_late_attach(brille, vm, driver, program, trace):
    turns = Turns(vm, driver, program)
    pid = turns.process.pid
    recorder = subprocess.Popen([brille, "record", str(pid), "-e", "all", "-o", trace],
                                stdout=subprocess.DEVNULL)
    # It is answered when the program goes on, or at once if that has other threads.
    wait_for_tracing(brille, pid, None, recorder)
    turns.go_on()
    turns.wait()
    heaps = [("after the second turn", dump(brille, pid))]
    recorder.send_signal(signal.SIGINT)
    turns.go_on()
    if recorder.wait(timeout=LIMIT_S):
        raise Failure(f"brille record ended with status {recorder.returncode}")
    turns.end()
    return heaps


def test(brille, vm, folder, arguments):
    way = {"birth": from_birth, "late": from_late_attach}[arguments[0]]
    program = os.path.join(folder, "replay_programs", arguments[1])
    with tempfile.TemporaryDirectory() as scratch:
        trace = os.path.join(scratch, "T.trace")
        heaps = way(brille, vm, os.path.join(folder, "replay_driver.py"), program, trace)
        compare_all(brille, trace, heaps)


main(test)
