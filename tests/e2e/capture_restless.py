"""Processes that are hard to catch: that fork, wait for any child, execute another program, end, or
have many threads and deep structures. A dump works, or says why not in its few lines; the process
goes on as if nothing had been. Arguments: brille, brille-python, the library of
capture_restless.c."""
import os
import subprocess
import tempfile
import time

from capture_support import LIMIT_S, Failure, check_complete, dump, main, Program

ROUNDS = 6
BUSY = """
class A: pass
kept = []
print("READY", flush=True)
while True:
    a = A()
    a.itself, a.items = a, [len(kept)]
    kept.append(a)
    if len(kept) > 5000:
        del kept[:2500]
"""
WIDE_AND_DEEP = """
import sys, threading, time
class A: pass
wide = A()
for i in range(50000):
    setattr(wide, "name%d" % i, i)
deep = []
for i in range(100000):
    deep = [deep]
for i in range(300):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
def down(n):
    if n:
        return down(n - 1)
    print("READY", flush=True)
    sys.stdin.read()
sys.setrecursionlimit(20000)
down(10000)
"""


def state_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        fields = dict(line.rstrip("\n").split(":\t", 1) for line in status)
    return fields["State"][0], fields["TracerPid"]


def goes_on(process):
    """Whether it has ended, or runs untraced; at most a moment later."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        state, tracer = state_of(process.pid) if process.poll() is None else ("Z", "0")
        if state in "ZX" or (state not in "Tt" and tracer == "0"):
            return True
        time.sleep(0.05)
    return False


def check_dump(brille, pid, heap):
    """True when there was something to dump; False when it could not be, in the proper words."""
    done = subprocess.run([brille, "dump", str(pid), "-o", heap], capture_output=True, text=True,
                          timeout=LIMIT_S)
    lines = done.stderr.splitlines()
    if done.returncode == 0:
        return True
    if done.returncode != 3 or not 1 <= len(lines) <= 3 or not lines[0].startswith("brille: ") or \
            "address" in lines[0]:
        raise Failure(f"status {done.returncode}\n{done.stderr}")
    return False


def restless(brille, vm, library, mode, folder):
    """How many of the dumps found something."""
    found = 0
    process = None
    environment = dict(os.environ, LD_PRELOAD=library, RESTLESS=mode)
    try:
        for _ in range(ROUNDS * (3 if mode in ("exec", "exit") else 1)):
            if process is None or process.poll() is not None:
                process = subprocess.Popen([vm, "-c", BUSY], stdout=subprocess.PIPE, text=True,
                                           env=environment)
                process.stdout.readline()
            found += check_dump(brille, process.pid, os.path.join(folder, "a.heap"))
            if process.poll() not in (None, 0):
                raise Failure(f"{mode}: the process ended with {process.returncode}")
            if not goes_on(process):
                raise Failure(f"{mode}: the process is left stopped or traced")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    return found


def test(brille, vm, _, arguments):
    with tempfile.TemporaryDirectory() as folder:
        for mode in ("fork", "any", "vfork", "threads", "exec", "exit"):
            found = restless(brille, vm, arguments[0], mode, folder)
            print(f"{mode}: {found} heaps")
            if not found and mode not in ("exec", "exit"):
                raise Failure(f"{mode}: nothing was ever captured")
        path = os.path.join(folder, "wide_and_deep.py")
        with open(path, "w", encoding="ascii") as program:
            program.write(WIDE_AND_DEEP)
        with Program(vm, path) as process:
            check_complete(dump(brille, process.pid), "wide and deep")


main(test)
