"""Captures of a program that never rests: whatever the moment, a graph that holds together, and a
program that notices nothing. For every CPython of the machine.
Arguments: brille, brille-python (not used), number of captures (or CPYTHON_CHURN_CAPTURES)."""
import os
import subprocess
import tempfile

import cpythons
from capture_support import PATIENCE, Failure, Heap, main, run

# Of all mortal objects. At an unlucky moment a chain of hundreds is just being taken apart, or in the
# hands of the collector.
LEAST_EXPLAINED = 0.95
LEAST_EXPLAINED_MEAN = 0.985
KEPT_NODES = 3 * 200


def check(heap, complaint, number):
    mortal = [each for each in heap.objects.values() if not each["immortal"]]
    explained = sum(each["refcount"] == each["explained"] for each in mortal) / len(mortal)
    if explained < LEAST_EXPLAINED:
        raise Failure(f"capture {number}: {explained:.4f} of the counts are explained")
    if not heap.head["complete"] and "collection" not in complaint:
        raise Failure(f"capture {number} is not complete: {complaint}")
    nodes = sum(each["type"] == "Node" for each in heap.objects.values())
    # The chains are being replaced one by one.
    if nodes < KEPT_NODES / 2:
        raise Failure(f"capture {number}: {nodes} nodes")
    return explained, heap.head["complete"], heap.head["dangling"]


def dump(brille, pid, folder, options):
    heap, text = os.path.join(folder, "a.heap"), os.path.join(folder, "a.ndjson")
    done = subprocess.run([brille, "dump", str(pid), "-o", heap, "--json", *PATIENCE, *options],
                          capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"dump: status {done.returncode}\n{done.stderr}")
    warned = subprocess.run([brille, "summary", heap], capture_output=True, text=True).stderr
    run(brille, "export", heap, "--to", "ndjson", "-o", text)
    with open(text, encoding="utf-8") as lines:
        result = Heap(lines)
    dangling = done.stdout.split('"dangling_reference_count":')[1].split(",")[0]
    result.head["dangling"] = int(dangling)
    return result, warned


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
                heap, warned = dump(brille, process.pid, scratch, options)
                share, whole, lost = check(heap, warned, number)
                explained.append(share)
                complete += whole
                dangling += lost
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
