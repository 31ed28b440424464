"""Greenlets in a captured CPython: what the variables of suspended ones hold is held by them, and every
count is explained; those that run, have not begun, or have ended hold no frames. For every CPython of
the machine that has greenlet. Arguments: brille, brille-python (not used)."""
import collections
import json
import subprocess

import cpythons
from capture_support import Failure, Program, dump, main

PROGRAM = """
import json, sys
from greenlet import getcurrent, greenlet
class Kept: pass
class Sub(greenlet): pass
kept = []
def keep():
    each = Kept()
    kept.append(id(each))
    return each
def leave():
    getcurrent().parent.switch()
def deeper(depth):
    local = keep()
    if depth:
        return deeper(depth - 1)
    leave()
def through_c(depth):
    local = keep()
    return list(map(deeper, [depth]))
def generator():
    local = keep()
    yield leave()
def through_generator(_):
    local = keep()
    for each in generator():
        pass
def with_attribute(_):
    getcurrent().attribute = keep()
    leave()
def ends(_):
    local = Kept()
def runs(_):
    local = keep()
    print(json.dumps(kept))
    print("READY", flush=True)
    sys.stdin.read()
suspended = []
for make in (greenlet, Sub):
    for run in (deeper, through_c, through_generator, with_attribute):
        for depth in (0, 1, 30):
            suspended.append(make(run))
            suspended[-1].switch(depth)
ended = greenlet(ends)
ended.switch(None)
begins_later = greenlet(lambda local=keep(): None)
def begin(_):
    main_local = keep()
    greenlet(runs).switch(None)
begin(None)
"""


def has_greenlet(interpreter):
    return subprocess.run([interpreter.path, "-c", "import greenlet"], capture_output=True).returncode == 0


class Target(Program):
    def wait_ready(self):
        self.kept = json.loads(self.process.stdout.readline())
        return super().wait_ready()


# Of each kind of greenlet: deeper, through_c, through_generator; begin's main greenlet.
EXPECTED = {("greenlet", "local"): 34 + 37 + 3, ("Sub", "local"): 34 + 37 + 3,
            ("greenlet", "main_local"): 1, ("generator", "local"): 6, ("dict", "['attribute']"): 6,
            ("tuple", "[0]"): 1}
LABELS = {"deeper": 6, "through_c": 6, "through_generator": 6, "with_attribute": 6, "<module>": 1,
          "": 3}  # ended, begins_later, and the one that runs


def test_one(brille, interpreter):
    with Target(interpreter.path, "-c", PROGRAM) as target:
        heap = dump(brille, target.pid)
    if not heap.head["complete"]:
        raise Failure(f"{heap.head}")
    for address in target.kept:
        each = heap.objects[address]
        if each["refcount"] != 1 or each["explained"] != 1:
            raise Failure(f"{each}: its count is not explained")
    kept = set(target.kept)
    holders = collections.Counter((heap.objects[address]["type"], name)
                                  for address, references in heap.references.items()
                                  for to, _, _, name in references if to in kept)
    if holders != EXPECTED:
        raise Failure(f"held by {holders}, not {EXPECTED}")
    suspended = [each["label"].split(" ")[0] for each in heap.objects.values()
                 if each["type"] in ("greenlet", "Sub")]
    if collections.Counter(suspended) != LABELS:
        raise Failure(f"suspended in {suspended}")
    return f"{len(kept)} objects, all held as they should be"


def test(brille, *_):
    found = [each for each in cpythons.find() if has_greenlet(each)]
    for interpreter in found:
        print(f"{interpreter}: {test_one(brille, interpreter)}", flush=True)
    if not found:
        print("no CPython with greenlet")
        raise SystemExit(77)


main(test)
