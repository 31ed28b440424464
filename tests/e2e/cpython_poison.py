"""A captured CPython whose memory lies is walked again and again, for every CPython of the machine.
Arguments: brille, brille-python (both not used), cpython_poison, and how often."""
import os
import subprocess

import cpythons
from capture_support import Failure, main

PROGRAM = """
import json, collections
kept = [{"n": i, "s": str(i)} for i in range(200)], collections.deque(range(100)), {1, 2, 3}
class C: pass
kept[0][0]["c"] = [C() for _ in range(50)]
for c in kept[0][0]["c"]: c.x = [c]
g = (x for x in kept); next(g)
print("READY", flush=True)
input()
"""


def test(_brille, _vm, _folder, arguments):
    poison, rounds = arguments[0], os.environ.get("CPYTHON_POISON_ROUNDS", arguments[1])
    found = cpythons.find()
    for interpreter in found:
        process = subprocess.Popen([interpreter.path, "-I", "-S", "-c", PROGRAM],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        seed = str(os.getpid())
        done = subprocess.run([poison, str(process.pid), rounds, seed], capture_output=True,
                              text=True)
        process.communicate("\n")
        if done.returncode:
            raise Failure(f"{interpreter}, seed {seed}: status {done.returncode}\n{done.stderr}")
        print(f"{interpreter}: {done.stdout.strip()}")
    if not found:
        print("no CPython to test")
        raise SystemExit(77)


main(test)
