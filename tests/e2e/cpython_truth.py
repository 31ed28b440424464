"""A captured CPython == what the process says of itself, for every CPython of this machine.
Arguments: brille, brille-python (not used), and optionally paths of interpreters.

What gc.get_objects and the closure of gc.get_referents report is compared with the capture: are all
these objects there, are the references that tp_traverse visits the same, does sys.getsizeof agree.
Of the counts, the capture alone says how many are explained.
"""
import collections
import os
import sys
import tempfile

from capture_support import Failure, Program, dump, main
import cpythons

# What the issue asks for.
LEAST = {"nodes": 0.9999, "tracked": 0.9999, "edges found": 0.9998, "edges true": 0.999,
         "counts explained": 0.995, "sizes": 0.999}


def read_truth(path):
    objects = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            address, kind, size, tracked, referents = line.rstrip("\n").rsplit("|", 4)
            objects[int(address)] = (kind, int(size), tracked == "1", collections.Counter(
                int(each) for each in referents.split(",") if each))
    return objects


class Score:
    def __init__(self, name):
        self.name, self.good, self.all, self.wrong = name, 0, 0, collections.Counter()
        self.examples = {}

    def add(self, good, total=1, what=None, example=None):
        self.good += good
        self.all += total
        if good < total:
            self.wrong[what] += total - good
            self.examples.setdefault(what, example)

    @property
    def share(self):
        return self.good / self.all if self.all else 1.0

    def __str__(self):
        return f"{self.name} {self.good}/{self.all} = {100 * self.share:.4f} %"

    def details(self):
        return "".join(f"\n      {count} {what}, for example {self.examples[what]}"
                       for what, count in self.wrong.most_common(12))


def compare(heap, truth):
    scores = {name: Score(name) for name in LEAST}
    for address, (kind, size, tracked, referents) in truth.items():
        captured = heap.objects.get(address)
        scores["nodes"].add(captured is not None, 1, kind, hex(address))
        if not captured:
            continue
        label = f"{address:#x} {captured['label'] or ''}"
        scores["tracked"].add(captured["tracked"] == tracked, 1, kind, label)
        if size >= 0:
            scores["sizes"].add(captured["size"] == size, 1, kind,
                                f"{label}: {captured['size']}, not {size}")
        found = collections.Counter(
            target for target, edge_class, _, _ in heap.references.get(address, ())
            if edge_class in ("traversed", "conservative"))
        missing, extra = referents - found, found - referents
        both = sum((referents & found).values())
        scores["edges found"].add(both, sum(referents.values()), kind, f"{label}: " + ", ".join(
            f"{target:#x} {truth[target][0] if target in truth else '?'}" for target in missing))
        scores["edges true"].add(both, sum(found.values()), kind, f"{label}: " + ", ".join(
            f"{target:#x} {(heap.objects.get(target) or {}).get('type')}" for target in extra))
    for each in heap.objects.values():
        if not each["immortal"]:
            scores["counts explained"].add(
                each["refcount"] == each["explained"], 1, each["type"],
                f"{each['address']} {each['label']}: {each['refcount']}, explained "
                f"{each['explained']}")
    return scores


def take(brille, interpreter, folder):
    """The heap as brille sees it, as the process does, and the scores."""
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "truth")
        program = os.path.join(folder, "cpython_truth_program.py")
        with Program(interpreter.path, program, path, options=("-I",)) as process:
            heap = dump(brille, process.pid)
        truth = read_truth(path)
    return heap, truth, compare(heap, truth)


def test_one(brille, interpreter, folder, verbose):
    heap, truth, scores = take(brille, interpreter, folder)
    bad = []
    if not heap.head["complete"]:
        bad.append("the capture was not complete")
    if heap.head["version"] != interpreter.name:
        bad.append(f"taken for {heap.head['version']}")
    print(f"{interpreter}: {len(heap.objects)} objects, {len(truth)} of them known to the process", flush=True)
    for name, least in LEAST.items():
        print(f"    {scores[name]}" + (scores[name].details() if verbose else ""))
        if scores[name].share < least:
            bad.append(f"{scores[name]}, less than {100 * least} %{scores[name].details()}")
    for thread in ("MainThread", "truth-worker"):
        if thread not in [each["name"] for each in heap.threads]:
            bad.append(f"no thread {thread}")
    if not any(root["kind"] == "frame" and root["name"] == "held" for root in heap.roots):
        bad.append("no local variable of a waiting thread")
    return bad


def test(brille, _, folder, paths):
    verbose = "-v" in paths
    chosen = [each for each in cpythons.find()
              if not set(paths) - {"-v"} or each.path in paths or each.name in paths]
    if not chosen:
        print("no CPython to test")
        sys.exit(77)
    bad = []
    for interpreter in chosen:
        bad += [f"{interpreter}: {what}" for what in test_one(brille, interpreter, folder, verbose)]
    if bad:
        raise Failure("\n".join(bad))
    print(f"{len(chosen)} CPythons: " + ", ".join(each.name for each in chosen))


if __name__ == "__main__":
    main(test)
