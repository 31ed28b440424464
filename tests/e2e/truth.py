"""Captured graph == what the process itself reports: object for object, edge for edge, count for
count. Arguments: brille, brille-python.

The program states its truth twice before it is dumped; a fact that differs between the two (the
count of a type whose instances come and go, the file being written) is left out of the comparison,
and so are the counts of the functions that the program uses for this. There may be only few of
those.
"""
import collections
import os
import tempfile

from capture_support import Failure, Program, check_complete, dump, main

FIELDS = ("type", "module", "size", "refcount", "tracked")


def read_truth(path):
    objects, generations, busy = {}, {}, set()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            line = line.rstrip("\n")
            if line.startswith("B"):
                busy = {int(address) for address in line[1:].split(",")}
                continue
            if line.startswith("G"):
                for address in line[3:].split(","):
                    if address:
                        generations[int(address)] = int(line[1])
                continue
            address, name, module, size, count, tracked, referents = line.split("|")
            objects[int(address)] = {
                "type": name, "module": module, "size": int(size), "refcount": int(count),
                "tracked": tracked == "1",
                "referents": collections.Counter(int(r) for r in referents.split(",") if r)}
    return objects, generations, busy


def compare(heap, first, second):
    (objects, generations, busy), (again, generations_again, _) = first, second
    wrong, unstable = [], 0
    for address, truth in objects.items():
        if address not in again:
            unstable += 1
            continue
        captured = heap.objects.get(address)
        if not captured:
            wrong.append(f"{address:#x} {truth['type']}: not captured")
            continue
        for field in FIELDS:
            if field == "refcount" and (captured["immortal"] or address in busy):
                continue
            if truth[field] != again[address][field]:
                unstable += 1
            elif truth[field] != captured[field]:
                wrong.append(f"{address:#x} {truth['type']}: {field} is {truth[field]}, "
                             f"captured {captured[field]} {captured['label']}")
        traversed = collections.Counter(
            target for target, edge_class, _, _ in heap.references.get(address, ())
            if edge_class == "traversed")
        if truth["referents"] != again[address]["referents"]:
            unstable += 1
        elif truth["referents"] != traversed:
            wrong.append(f"{address:#x} {truth['type']}: refers to {truth['referents']}, "
                         f"captured {traversed}")
        if generations.get(address) == generations_again.get(address):
            if captured["generation"] != generations.get(address):
                wrong.append(f"{address:#x} {truth['type']}: generation "
                             f"{generations.get(address)}, captured {captured['generation']}")
    return wrong, unstable


def test(brille, vm, folder, _):
    with tempfile.TemporaryDirectory() as scratch:
        paths = [os.path.join(scratch, "first"), os.path.join(scratch, "second")]
        with Program(vm, os.path.join(folder, "truth_program.py"), *paths) as program:
            heap = dump(brille, program.pid)
            in_place = dump(brille, program.pid, "--no-fork")
        first, second = map(read_truth, paths)
    check_complete(heap, "truth_program.py")
    check_complete(in_place, "truth_program.py, copied in place")
    for captured in (heap, in_place):
        wrong, unstable = compare(captured, first, second)
        if wrong:
            raise Failure(f"{len(wrong)} differences:\n" + "\n".join(wrong[:20]))
        if unstable > 40 or len(first[0]) < 3000:
            raise Failure(f"{len(first[0])} objects, {unstable} facts changed by themselves")
    print(f"{len(first[0])} objects agree; {unstable} facts changed by themselves")


main(test)
