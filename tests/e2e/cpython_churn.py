"""Captures of a program that never rests: whatever the moment, a graph that holds together, and a
program that notices nothing. For every CPython of the machine.
Arguments: brille, brille-python (not used), number of captures (or CPYTHON_CHURN_CAPTURES),
versions (default all)."""
import json
import os
import subprocess
import tempfile

import cpythons
from capture_support import PATIENCE, Failure, main, run

# Of all mortal objects. At an unlucky moment a chain of hundreds is just being taken apart, or in the
# hands of the collector.
LEAST_EXPLAINED = 0.95
LEAST_EXPLAINED_MEAN = 0.985
KEPT_NODES = 3 * 200


QUERY = ("select count(*) as mortal, sum(refcount = explained) as explained, "
         "sum(type = 'Node') as nodes, (select incomplete_why from heap) as why "
         "from object where not immortal")


def check(dumped, counted, number):
    explained = counted["explained"] / counted["mortal"]
    if explained < LEAST_EXPLAINED:
        raise Failure(f"capture {number}: {explained:.4f} of the counts are explained")
    if not dumped["complete"] and "collection" not in counted["why"]:
        raise Failure(f"capture {number} is not complete: {counted['why']}")
    # The chains are being replaced one by one.
    if counted["nodes"] < KEPT_NODES / 2:
        raise Failure(f"capture {number}: {counted['nodes']} nodes")
    return explained


def dump(brille, pid, folder, options):
    """What `dump` says, and what is in the file."""
    heap = os.path.join(folder, "a.heap")
    dumped = json.loads(run(brille, "dump", str(pid), "-o", heap, "--json", *PATIENCE, *options))
    counted = json.loads(run(brille, "sql", heap, QUERY, "--json"))["rows"][0]
    return dumped, counted


def test_one(brille, interpreter, folder, count):
    program = os.path.join(folder, "cpython_churn_program.py")
    process = subprocess.Popen([interpreter.path, "-I", program],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    explained, complete, dangling = [], 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        try:
            for number in range(count):
                options = ["--no-fork"] if number % 4 == 3 else []
                dumped, counted = dump(brille, process.pid, scratch, options)
                explained.append(check(dumped, counted, number))
                complete += dumped["complete"]
                dangling += dumped["dangling_reference_count"]
        finally:
            answer = process.communicate("\n")[0].strip()
    if sum(explained) < LEAST_EXPLAINED_MEAN * count:
        raise Failure(f"on average {sum(explained) / count:.4f} of the counts are explained")
    if not answer.startswith("fine") or process.returncode:
        raise Failure(f"the program: {answer}, status {process.returncode}")
    print(f"{interpreter}: {count} captures, {complete} complete, at least {min(explained):.4%} of "
          f"the counts explained, {dangling} references to nothing; the program: {answer}", flush=True)


def test(brille, _, folder, arguments):
    count = int(os.environ.get("CPYTHON_CHURN_CAPTURES", arguments[0]))
    found = [each for each in cpythons.find() if not arguments[1:] or each.name in arguments[1:]]
    for interpreter in found:
        try:
            test_one(brille, interpreter, folder, count)
        except Failure as failure:
            raise Failure(f"{interpreter}: {failure}") from None
    if not found:
        print("no CPython to test")
        raise SystemExit(77)


main(test)
