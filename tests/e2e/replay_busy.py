"""Replay equals capture while nothing stands still: a program that allocates all the time, in
threads, is dumped at whatever moment it happens to be, several times in one trace. Arguments:
brille, brille-python, "birth" or "late", program.

The traces are long, so only brille's own replay is used; replay.py has the independent one.
"""
import os
import signal
import subprocess
import tempfile
import time

from capture_support import (LIMIT_S, Failure, Heap, Program, check_complete, child_of, dump, main,
                             run, wait_for_tracing)
from replay_model import compare, mortal

DUMPS = 3


def take(brille, pid):
    heaps = []
    while len(heaps) < DUMPS:
        time.sleep(0.1)
        heap = dump(brille, pid)
        check_complete(heap, f"dump {len(heaps) + 1}")
        if heap.head["event_seq"] is None:
            raise Failure("the dump notes no position in the event stream")
        heaps.append(heap)
    return heaps


def from_birth(brille, _, path, trace):
    runner = subprocess.Popen([brille, "run", "-e", "all", "-o", trace, path],
                              stdout=subprocess.PIPE, text=True)
    for line in runner.stdout:
        if line == "READY\n":
            break
    pid = child_of(runner.pid)
    heaps = take(brille, pid)
    os.kill(pid, signal.SIGKILL)
    if runner.wait(timeout=LIMIT_S) not in (128 + 9, -9):
        raise Failure(f"brille run ended with status {runner.returncode}")
    return heaps


def from_late_attach(brille, vm, path, trace):
    program = Program(vm, path).wait_ready()
    recorder = subprocess.Popen([brille, "record", str(program.pid), "-e", "all", "-o", trace],
                                stdout=subprocess.DEVNULL)
    try:
        wait_for_tracing(brille, program.pid, "refcount", recorder)
        return take(brille, program.pid)
    finally:
        recorder.send_signal(signal.SIGINT)
        status = recorder.wait(timeout=LIMIT_S)
        program.process.kill()
        program.process.wait()
        if status:
            raise Failure(f"brille record ended with status {status}")


def test(brille, vm, folder, arguments):
    way = {"birth": from_birth, "late": from_late_attach}[arguments[0]]
    path = os.path.join(folder, "capture_programs", arguments[1])
    with tempfile.TemporaryDirectory() as scratch:
        trace, text = os.path.join(scratch, "T.trace"), os.path.join(scratch, "heap.ndjson")
        for number, heap in enumerate(way(brille, vm, path, trace), 1):
            seq = heap.head["event_seq"]
            run(brille, "export", f"{trace}@{seq}", "--to", "ndjson", "-o", text)
            with open(text, encoding="utf-8") as lines:
                again = Heap(lines)
            if not again.head["complete"]:
                raise Failure("the replayed heap is not complete")
            compare(f"dump {number}", mortal(heap), mortal(again))
            print(f"dump {number}: {len(heap.objects)} objects equal at position {seq}")


main(test)
