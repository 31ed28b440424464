"""Replay equals capture while nothing stands still: a program that allocates all the time, in
threads, is dumped at whatever moment it happens to be, several times in one trace. Arguments:
brille, brille-python, "birth" or "late", program.

The traces are long, so only brille's own replay is used (replay.py has the independent one), and
the dumps are read when the program has ended: each second of it is a second more to replay.
"""
import os
import signal
import subprocess
import tempfile
import time

from capture_support import (LIMIT_S, PATIENCE, Failure, Program, check_complete, child_of, main,
                             read_heap, run, wait_for_tracing)
from replay_model import compare, mortal

DUMPS = 3
PAUSE_S = 0.05


def take(brille, pid, folder):
    paths = [os.path.join(folder, f"{i}.heap") for i in range(DUMPS)]
    for path in paths:
        time.sleep(PAUSE_S)
        run(brille, "dump", str(pid), "-o", path, *PATIENCE)
    return paths


def from_birth(brille, _, program, folder, trace):
    runner = subprocess.Popen([brille, "run", "-e", "all", "-o", trace, program],
                              stdout=subprocess.PIPE, text=True)
    for line in runner.stdout:
        if line == "READY\n":
            break
    pid = child_of(runner.pid)
    try:
        return take(brille, pid, folder)
    finally:
        os.kill(pid, signal.SIGKILL)
        status = runner.wait(timeout=LIMIT_S)
        if status != 128 + signal.SIGKILL:
            raise Failure(f"brille run ended with status {status}")


def from_late_attach(brille, vm, program, folder, trace):
    target = Program(vm, program).wait_ready()
    recorder = subprocess.Popen([brille, "record", str(target.pid), "-e", "all", "-o", trace],
                                stdout=subprocess.DEVNULL)
    try:
        wait_for_tracing(brille, target.pid, "refcount", recorder)
        return take(brille, target.pid, folder)
    finally:
        recorder.send_signal(signal.SIGINT)
        try:
            status = recorder.wait(timeout=LIMIT_S)
        finally:
            target.process.kill()
            target.process.wait()
        if status:
            raise Failure(f"brille record ended with status {status}")


def test(brille, vm, folder, arguments):
    way = {"birth": from_birth, "late": from_late_attach}[arguments[0]]
    program = os.path.join(folder, "capture_programs", arguments[1])
    with tempfile.TemporaryDirectory() as scratch:
        trace = os.path.join(scratch, "T.trace")
        for number, path in enumerate(way(brille, vm, program, scratch, trace), 1):
            heap = read_heap(brille, path)
            check_complete(heap, f"dump {number}")
            seq = heap.head["event_seq"]
            if seq is None:
                raise Failure(f"dump {number} notes no position in the event stream")
            again = read_heap(brille, f"{trace}@{seq}")
            if not again.head["complete"]:
                raise Failure("the replayed heap is not complete")
            compare(f"dump {number}", mortal(heap), mortal(again))
            print(f"dump {number}: {len(heap.objects)} objects equal at position {seq}")


main(test)
