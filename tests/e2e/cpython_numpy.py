"""Arrays of numpy in a captured CPython: what arrays of objects hold, which array a view keeps, sizes,
and counts that are explained. For every CPython of the machine that has numpy.
Arguments: brille, brille-python (not used)."""
import json
import subprocess

import cpythons
from capture_support import Failure, Program, dump, main

PROGRAM = """
import json, sys
import numpy
class Kept: pass
class Sub(numpy.ndarray): pass
kept = [Kept() for _ in range(6)]
flat = numpy.array(kept, dtype=object)
square = numpy.array([[kept[0], None, 1], ["a", kept[1], kept]], dtype=object)
fortran = numpy.asfortranarray(square)
empty = numpy.array([], dtype=object)
scalar = numpy.array(kept[5], dtype=object)
numbers = numpy.arange(1000.0).reshape(10, 100)
sub = numpy.zeros((3, 4), dtype=numpy.int16).view(Sub)
views = [flat[2:4], square.T, numbers[3], sub[1]]
arrays = [flat, square, fortran, empty, scalar, numbers, sub, *views]
def items(a):
    order = "F" if a.flags.f_contiguous and not a.flags.c_contiguous else "C"
    owns = a.flags.owndata and a.dtype == object
    return [id(each) for each in a.ravel(order)] if owns else []
print(json.dumps([[id(a), sys.getsizeof(a), id(a.base) if a.base is not None else 0, items(a)]
                  for a in arrays]))
print(json.dumps([id(k) for k in kept]))
print("READY", flush=True)
sys.stdin.read()
"""


def has_numpy(interpreter):
    return subprocess.run([interpreter.path, "-c", "import numpy"], capture_output=True).returncode == 0


class Target(Program):
    def wait_ready(self):
        self.arrays = json.loads(self.process.stdout.readline())
        self.kept = json.loads(self.process.stdout.readline())
        return super().wait_ready()


def test_one(brille, interpreter):
    with Target(interpreter.path, "-c", PROGRAM) as target:
        heap = dump(brille, target.pid)
    for address, size, base, items in target.arrays:
        found = heap.references.get(address, [])
        where = heap.objects[address]
        if where["size"] != size:
            raise Failure(f"{where}: size is {size}")
        edges = [to for to, edge_class, kind, _ in found if kind == "item"]
        if edges != items or any(edge_class not in ("owned", "traversed") for _, edge_class, _, _ in found):
            raise Failure(f"{where}: items {edges}, not {items}; {found}")
        bases = [to for to, _, _, name in found if name == "base"]
        if bases != ([base] if base else []):
            raise Failure(f"{where}: base {bases}, not {base}")
    for address in target.kept:
        each = heap.objects[address]
        if each["refcount"] != each["explained"]:
            raise Failure(f"{each}: its count is not explained")
    return f"{len(target.arrays)} arrays are seen as numpy sees them"


def test(brille, *_):
    found = [each for each in cpythons.find() if has_numpy(each)]
    for interpreter in found:
        print(f"{interpreter}: {test_one(brille, interpreter)}", flush=True)
    if not found:
        print("no CPython with numpy")
        raise SystemExit(77)


main(test)
