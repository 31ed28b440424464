"""Threads that are entering a run of the interpreter's loop: 3.11 and 3.12 link its cframe into the
thread before they fill it in, so that for a moment its frame is what the C stack held there. A capture
may come at that moment, and sees the frames that the thread had before. Sleeping threads are given
such a cframe by ctypes. Arguments: brille, brille-python (not used), versions (default all)."""
import json
import os
import tempfile

import cpythons
from capture_support import PATIENCE, Failure, Program, main, run

PROGRAM = """
import ctypes, os, sys, threading, time
CFRAME_OF_TSTATE = 56  # 3.11 and 3.12
CURRENT_FRAME, WORDS = {11: (1, 3), 12: (0, 2)}[sys.version_info.minor]
api = ctypes.pythonapi
for call in (api.PyInterpreterState_Get, api.PyInterpreterState_ThreadHead, api.PyThreadState_Next,
             api.PyThreadState_Get):
    call.restype = ctypes.c_void_p
def sleeper(kept, started):
    started.set()
    time.sleep(1000)
def start(number):
    started = threading.Event()
    threading.Thread(target=sleeper, args=([number], started), daemon=True).start()
    started.wait()
text = "neither a frame nor code " * 20
stale = (0x3434343434343434, id(text), 8, id(sleeper), 0xfffffffffffffff8)
for number in range(len(stale)):
    start(number)
time.sleep(0.3)  # all of them sleep
thread = api.PyInterpreterState_ThreadHead(ctypes.c_void_p(api.PyInterpreterState_Get()))
left = list(stale)
cframes = []
while thread:
    if thread != api.PyThreadState_Get():
        link = ctypes.c_void_p.from_address(thread + CFRAME_OF_TSTATE)
        cframe = (ctypes.c_uint64 * WORDS)()
        cframe[CURRENT_FRAME] = left.pop()
        cframe[CURRENT_FRAME + 1] = link.value
        link.value = ctypes.addressof(cframe)
        cframes.append(cframe)
    thread = api.PyThreadState_Next(ctypes.c_void_p(thread))
assert not left
print("READY", flush=True)
sys.stdin.read()
os._exit(0)  # no thread shall wake up to its cframe
"""
THREADS = 5


def is_concerned(interpreter):
    return (interpreter.version[1] in (11, 12)
            and not os.system(f"'{interpreter.path}' -c 'import ctypes' >/dev/null 2>&1"))


def test_one(brille, interpreter):
    with Program(interpreter.path, "-c", PROGRAM) as program, \
            tempfile.TemporaryDirectory() as scratch:
        heap = os.path.join(scratch, "a.heap")
        dumped = json.loads(run(brille, "dump", str(program.pid), "-o", heap, "--json", *PATIENCE))
        why = json.loads(run(brille, "sql", heap, "select incomplete_why as why from heap", "--json"))
        stacks = json.loads(run(brille, "stack", str(program.pid), "--json", *PATIENCE))
    if not dumped["complete"]:
        raise Failure(f"{interpreter}: {dumped}, {why['rows']}")
    sleeping = [thread for thread in stacks["threads"]
                if any(frame.get("function") == "sleeper" for frame in thread["frames"])]
    if len(sleeping) != THREADS or any(thread["truncated"] for thread in sleeping):
        raise Failure(f"{interpreter}: {json.dumps(stacks, indent=1)}")
    print(f"{interpreter}: complete", flush=True)


def test(brille, _, __, versions):
    found = [each for each in cpythons.find()
             if (not versions or each.name in versions) and is_concerned(each)]
    for interpreter in found:
        test_one(brille, interpreter)
    if not found:
        print("no CPython 3.11 or 3.12 with ctypes")
        raise SystemExit(77)


main(test)
