"""A captured CPython whose memory lies is walked again and again, for every CPython of the machine.
Arguments: brille, brille-python (both not used), cpython_poison, and how often; or in the environment
CPYTHON_POISON_ROUNDS for each version, and CPYTHON_POISON_JOBS at a time."""
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


def test_one(poison, interpreter, rounds, jobs):
    process = subprocess.Popen([interpreter.path, "-I", "-S", "-c", PROGRAM],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    seeds = [str(os.getpid() + 1000003 * job) for job in range(jobs)]
    running = [subprocess.Popen([poison, str(process.pid), str(rounds // jobs), seed],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for seed in seeds]
    done = [each.communicate() for each in running]
    process.communicate("\n")
    for seed, each, (out, err) in zip(seeds, running, done):
        if each.returncode:
            raise Failure(f"{interpreter}, seed {seed}: status {each.returncode}\n{err}")
        print(f"{interpreter}: {out.strip()}", flush=True)


def test(_brille, _vm, _folder, arguments):
    poison, rounds = arguments[0], int(os.environ.get("CPYTHON_POISON_ROUNDS", arguments[1]))
    jobs = int(os.environ.get("CPYTHON_POISON_JOBS", "1"))
    found = [each for each in cpythons.find() if not arguments[2:] or each.name in arguments[2:]]
    for interpreter in found:
        test_one(poison, interpreter, rounds, jobs)
    if not found:
        print("no CPython to test")
        raise SystemExit(77)


main(test)
