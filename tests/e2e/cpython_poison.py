"""A captured CPython whose memory lies is walked again and again, for every CPython of the machine.
Arguments: brille, brille-python (both not used), cpython_poison, and how often; or in the environment
CPYTHON_POISON_ROUNDS for each version, and CPYTHON_POISON_JOBS at a time."""
import os
import subprocess

import cpythons
from capture_support import Failure, main

# Many kinds of objects, and no module that is not built in: a walk is to be short.
PROGRAM = """
import _collections, _functools, itertools, _thread, sys
kept = [{"n": i, "s": str(i)} for i in range(200)], _collections.deque(range(100)), {1, 2, 3}
class C: pass
class Slots: __slots__ = "a", "b", "__weakref__"
kept[0][0]["c"] = [C() for _ in range(50)]
for c in kept[0][0]["c"]: c.x = [c]
ordered = _collections.OrderedDict((i, [i]) for i in range(20))
default = _collections.defaultdict(list, {i: [i] for i in range(20)})
cached = _functools._lru_cache_wrapper(lambda n: [n], 10, False, tuple)
for i in range(8): cached(i)
slots = [Slots() for _ in range(20)]
for s in slots: s.a, s.b = s, 2 ** 70
try: 1 / 0
except ZeroDivisionError as error: kept_error = error
first, second = itertools.tee(iter(range(100))); next(first)
partial, view = _functools.partial(print, 1, end=""), memoryview(bytearray(b"abc"))
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
