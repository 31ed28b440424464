"""Processes whose memory lies about itself while they are alive: each verb ends in time, with a line that
says what is wrong or with a bounded answer. Structures are changed by ctypes, for every CPython of the
machine that has it. Arguments: brille, brille-python (not used), versions (default all)."""
import os
import shutil
import subprocess
import tempfile

import cpythons
from capture_support import LIMIT_S, Failure, Program, main

BEGIN = """
import ctypes, os, sys
U64 = ctypes.c_uint64
runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
words = (U64 * 34).from_address(runtime)  # 3.13: _Py_DebugOffsets
"""
END = """
print("READY", flush=True)
sys.stdin.read()
os._exit(0)
"""
# What a word of _Py_DebugOffsets says: sizes and offsets that lie outside their structures.
OFFSETS = {19: 100000, 21: 1000000, 22: 505, 29: 600, 31: 1 << 24, 32: 40000, 6: 1 << 40}
RING_OF_INTERPRETERS = """
head = U64.from_address(runtime + words[5]).value
U64.from_address(head + words[8]).value = head
"""
# A frame whose caller is itself, with a table of lines of 4 MiB that is decoded to its end (3.11).
RING_OF_FRAMES = """
ADDRESS_OF_FRAME, PREVIOUS, INSTRUCTION, TABLE_BYTES = 24, 48, 56, 4 << 20
def inner():
    caller = sys._getframe(1)
    frame, code = U64.from_address(id(caller) + ADDRESS_OF_FRAME).value, caller.f_code
    table = next(offset for offset in range(16, 190, 8)
                 if U64.from_address(id(code) + offset).value == id(code.co_linetable))
    long = bytes(TABLE_BYTES)
    U64.from_address(id(code) + table).value = id(long)
    U64.from_address(frame + INSTRUCTION).value = id(code) + 10 * TABLE_BYTES
    U64.from_address(frame + PREVIOUS).value = frame
    wait()
def wait():
    print("READY", flush=True)
    sys.stdin.read()
    os._exit(0)
def outer():
    inner()
outer()
"""
# A list with room for more items than there are addresses.
ENDLESS_LIST = """
ALLOCATED = 32
items = [1, 2, 3]
U64.from_address(id(items) + ALLOCATED).value = 1 << 58
"""


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)


def look(brille, interpreter, program, refusal):
    """`refusal` is what must be said; None when there is an answer all the same."""
    with Program(interpreter.path, "-c", BEGIN + program + END) as target, \
            tempfile.TemporaryDirectory() as scratch:
        for verb, *options in (["dump", "-o", os.path.join(scratch, "a.heap")], ["stack"]):
            done = run(brille, verb, str(target.pid), *options)
            lines = done.stderr.splitlines()
            if refusal and (done.returncode != 3 or refusal not in done.stderr or len(lines) > 3):
                raise Failure(f"{interpreter}: {verb}: status {done.returncode}: {done.stderr}")
            if not refusal and done.returncode:
                raise Failure(f"{interpreter}: {verb}: status {done.returncode}: {done.stderr}")
        if target.process.poll() is not None:
            raise Failure(f"{interpreter}: the process has ended")


def look_at_endless_list(brille, interpreter):
    """The dump says what is wrong with it, and can be read."""
    with Program(interpreter.path, "-c", BEGIN + ENDLESS_LIST + END) as target, \
            tempfile.TemporaryDirectory() as scratch:
        heap = os.path.join(scratch, "a.heap")
        for verb in (["dump", str(target.pid), "-o", heap], ["types", heap, "--sort", "count"]):
            done = run(brille, *verb)
            if done.returncode or "larger than all memory" not in done.stderr:
                raise Failure(f"{interpreter}: {verb[0]}: status {done.returncode}: {done.stderr}")


def test_one(brille, interpreter):
    minor = interpreter.version[1]
    if minor == 13:
        for word, value in OFFSETS.items():
            look(brille, interpreter, f"words[{word}] = {value}\n", "_Py_DebugOffsets")
        look(brille, interpreter, RING_OF_INTERPRETERS, "the list of interpreters is none")
    if minor == 11:
        look(brille, interpreter, RING_OF_FRAMES, None)
    look_at_endless_list(brille, interpreter)
    print(f"{interpreter}: lies are seen through", flush=True)


def test_fifo_for_program(brille, interpreter):
    """The kernel writes a line feed in the name of a mapped file as \\012, and a FIFO has that name: to
    open it would take for ever."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = os.path.join(scratch, "py\nthon")
        shutil.copy(interpreter.path, copy)
        os.mkfifo(os.path.join(scratch, r"py\012thon"))
        with subprocess.Popen([copy, "-c", "import time; time.sleep(1000)"]) as process:
            try:
                run(brille, "ps")
                run(brille, "dump", str(process.pid), "-o", os.path.join(scratch, "a.heap"))
            finally:
                process.kill()


def test(brille, _, __, versions):
    found = [each for each in cpythons.find()
             if (not versions or each.name in versions) and each.version[1] in (11, 13)
             and not os.system(f"'{each.path}' -c 'import ctypes' >/dev/null 2>&1")]
    for interpreter in found:
        test_one(brille, interpreter)
    if found:
        test_fifo_for_program(brille, found[0])
    if not found:
        print("no CPython 3.11 or 3.13 with ctypes")
        raise SystemExit(77)


main(test)
