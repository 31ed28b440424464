#!/usr/bin/env python3
"""`garbage` finds what gc.collect() then finds, and `summary --section` tells of a program what is in it.
Usage: test_garbage.py BRILLE BRILLE-PYTHON"""
import json
import subprocess
import sys
import tempfile

PROGRAM = '''
import gc, sys
gc.disable()

class Tree:
    def __init__(self, parent=None):
        self.parent = parent
        self.children = []
        self.name = "node of a tree that nobody holds %d" % id(self)
        if parent:
            parent.children.append(self)

class Link:
    def __init__(self, next): self.next = next

def fail():
    big = list(range(50000))
    raise ValueError("kept")

gc.collect()
for _ in range(30):
    root = Tree()
    for _ in range(3):
        Tree(root)
    mine = []
    mine.append(mine)
root = mine = None
SPARSE = {number: number for number in range(4000)}
for number in range(10, 4000):
    del SPARSE[number]
TEXTS = [str(12345678) + " again" for _ in range(100)]
CHAIN = None
for _ in range(500):
    CHAIN = Link(CHAIN)
try:
    fail()
except ValueError as e:
    KEPT = e
print("ready", flush=True)
for line in sys.stdin:
    print(gc.collect(), flush=True)
'''


def main():
    brille, python = sys.argv[1:3]

    def ask(*arguments):
        return json.loads(subprocess.run([brille, *arguments, "--json"], check=True, capture_output=True,
                                         text=True).stdout)

    with tempfile.TemporaryDirectory() as folder:
        script = folder + "/program.py"
        with open(script, "w", encoding="utf-8") as file:
            file.write(PROGRAM)
        process = subprocess.Popen([python, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout.readline() == "ready\n"
            heap = folder + "/a.heap"
            subprocess.run([brille, "dump", str(process.pid), "-o", heap], check=True, capture_output=True)
            garbage = ask("garbage", heap)
            live = ask("garbage", str(process.pid))
            process.stdin.write("\n")
            process.stdin.flush()
            collected = int(process.stdout.readline())
            after = ask("garbage", str(process.pid))
        finally:
            process.kill()
            process.wait()

        assert collected >= 30 * (4 * 2 + 1), collected
        assert garbage["tracked_count"] == live["tracked_count"] == collected, (garbage, collected)
        assert after["object_count"] == 0 and after["cycles"] == [], after
        cycles = {c["cycle"]: c for c in garbage["cycles"]}
        assert cycles["list [0] -> back"]["count"] == 30, cycles
        [tree] = [c for text, c in cycles.items() if text.startswith("__main__.Tree ")]
        assert tree["count"] == 30 and tree["objects"] >= 30 * 12, tree
        assert {r["name"] for r in tree["references"]} >= {"parent"}, tree

        text = subprocess.run([brille, "garbage", heap], check=True, capture_output=True, text=True).stdout
        assert "60 cycles are garbage" in text, text

        def section(name):
            return ask("summary", heap, "--section", name)

        sparse = section("containers")["sparse"]
        assert any(r["items"] == 10 and r["wasted"] > 30000 for r in sparse), sparse
        duplicates = section("duplicates")["duplicates"]
        assert any(r["copies"] == 100 and r["label"] == "'12345678 again'" for r in duplicates), duplicates
        chains = section("chains")["chains"]
        assert chains[0]["links"] == 500 and "__main__.CHAIN" in chains[0]["path"], chains
        keepers = {r["kind"]: r for r in section("keepers")["keepers"]}
        assert keepers["traceback"]["held_bytes"] > 1000000, keepers
        assert "__main__.KEPT" in keepers["exception"]["path"], keepers
        lost = section("cycles")
        assert lost["garbage_count"] == 60, lost
        assert section("fragmentation")["arenas"] and section("biggest")["biggest"]
        worth = {r["what"] for r in ask("summary", heap)["worth_a_look"]}
        assert "kept only by a traceback" in worth and "links of the longest chain" in worth, worth
        modules = {r["module"]: r for r in ask("types", heap, "--by", "module", "-n", "100")["modules"]}
        assert modules["__main__"]["count"] >= 620, modules
        wrong = subprocess.run([brille, "summary", heap, "--section", "nothing"], capture_output=True, text=True)
        assert wrong.returncode == 2 and "no section 'nothing'" in wrong.stderr


main()
