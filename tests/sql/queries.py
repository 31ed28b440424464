#!/usr/bin/env python3
"""Runs every query of docs/sql.md on a dump and compares the rows with what this script computes of
the ndjson export of the same dump, without SQL. Usage: queries.py BRILLE BRILLE-PYTHON"""
import collections
import csv
import io
import json
import re
import subprocess
import sys

import support

PAGE = support.HERE.parent.parent / "docs" / "sql.md"
QUERY = re.compile(r"\*\*(\d+)\. .*?```sql\n(.*?)```", re.S)


class Heap:
    """The ndjson of the dump as dicts and lists."""

    def __init__(self, text):
        self.objects, self.references, self.roots, self.threads = {}, [], [], []
        for line in text.splitlines():
            record = json.loads(line)
            kind = record["record"]
            if kind == "object":
                self.objects[int(record["address"], 16)] = record
            elif kind == "reference":
                record["source"], record["target"] = int(record["source"], 16), int(record["target"], 16)
                self.references.append(record)
            elif kind == "root":
                record["target"] = int(record["target"], 16)
                self.roots.append(record)
            elif kind == "thread":
                self.threads.append(record)
            else:
                self.heap = record
        self.by_source = collections.defaultdict(list)
        self.by_target = collections.defaultdict(list)
        for reference in self.references:
            self.by_source[reference["source"]].append(reference)
            self.by_target[reference["target"]].append(reference)

    def reachable(self):
        native = [a for a, o in self.objects.items() if not o["immortal"] and o["refcount"] > o["explained"]]
        todo = [r["target"] for r in self.roots] + native
        seen = set(todo)
        while todo:
            for reference in self.by_source[todo.pop()]:
                if reference["class"] not in ("weak", "borrowed") and reference["target"] not in seen:
                    seen.add(reference["target"])
                    todo.append(reference["target"])
        return seen

    def big_dict(self, rows):
        """The second biggest dict by the retained sizes of query 3's rows is the CACHE."""
        cache = [r for r in self.references if r["name"] == "['CACHE']" and r["kind"] == "value"]
        assert len(cache) == 1, cache
        return cache[0]["target"]


def check_1(heap, rows):
    counts = collections.Counter((o["type"], o["module"]) for o in heap.objects.values())
    assert len(rows) == 10
    for row in rows:
        assert counts[row["name"], row["module"]] >= row["count"] > 0, row
        assert row["own"].endswith("B") and row["holds"].endswith("B")


def check_2(heap, rows):
    sizes, counts = collections.Counter(), collections.Counter()
    for o in heap.objects.values():
        sizes[o["module"]] += o["size"]
        counts[o["module"]] += 1
    assert {r["module"]: (r["objects"], r["bytes"]) for r in rows} == {
        m: (counts[m], sizes[m]) for m in counts}
    assert [r["bytes"] for r in rows] == sorted((r["bytes"] for r in rows), reverse=True)


def check_3(heap, rows):
    assert len(rows) == 10
    assert "__main__.CACHE" in [r["expression"] for r in rows], rows


def check_4(heap, rows):
    cache = heap.big_dict(rows)
    values = collections.Counter(heap.objects[r["target"]]["type"] for r in heap.by_source[cache]
                                 if r["kind"] == "value")
    assert {r["type"]: r["objects"] for r in rows} == dict(values) == {"Session": 500}


def check_5(heap, rows):
    cache = heap.big_dict(rows)
    assert sorted((r["source"], r["name"], r["kind"], r["type"]) for r in rows) == sorted(
        (r["source"], r["name"], r["kind"], heap.objects[r["source"]]["type"])
        for r in heap.by_target[cache])


def check_6(heap, rows):
    groups = collections.defaultdict(list)
    for o in heap.objects.values():
        if o["type"] == "str" and o["label"]:
            groups[o["label"], o["size"]].append(o["size"])
    wasted = sorted((sum(g) - min(g) for g in groups.values() if len(g) > 1), reverse=True)[:20]
    assert [r["wasted"] for r in rows] == wasted
    assert any("of the shop" in r["label"] and r["copies"] == 50 for r in rows), rows


def check_7(heap, rows):
    items = sorted((sum(r["kind"] == "item" for r in heap.by_source[a])
                    for a, o in heap.objects.items() if o["type"] == "list"), reverse=True)
    assert [r["items"] for r in rows] == items[:10]
    assert rows[0]["items"] == 2000 and rows[0]["path"].startswith("__main__.LONG"), rows[0]


def check_8(heap, rows):
    empty = collections.Counter()
    sizes = collections.Counter()
    for a, o in heap.objects.items():
        if o["type"] in ("dict", "list", "set", "tuple") and not any(
                r["kind"] in ("item", "key") for r in heap.by_source[a]):
            empty[o["type"]] += 1
            sizes[o["type"]] += o["size"]
    assert {r["type"]: (r["empty"], r["bytes"]) for r in rows} == {
        t: (empty[t], sizes[t]) for t in empty}
    assert empty["list"] >= 40 + 167 and empty["dict"] >= 30 and empty["set"] >= 20


def check_9(heap, rows):
    found = {(r["attribute"], r["type"]): r["times"] for r in rows}
    assert found == {("token", "str"): 500, ("user", "str"): 500, ("items", "list"): 500}, found


def check_10(heap, rows):
    expected = collections.defaultdict(lambda: [0, 0])
    for o in heap.objects.values():
        if o["tracked"]:
            expected[o["generation"]][0] += 1
            expected[o["generation"]][1] += o["size"]
    assert {r["generation"]: [r["objects"], r["bytes"]] for r in rows} == dict(expected)


def check_11(heap, rows):
    expected = {a for a, o in heap.objects.items() if not o["immortal"] and o["refcount"] > o["explained"]}
    assert {r["address"] for r in rows} <= expected and len(rows) == min(20, len(expected))


def check_12(heap, rows):
    reachable = heap.reachable()
    lost = collections.Counter(o["type"] for a, o in heap.objects.items()
                               if a not in reachable and not o["immortal"])
    assert {r["type"]: r["objects"] for r in rows} == dict(lost)
    assert lost["Node"] == 50, lost


def check_13(heap, rows):
    expected = sorted((r["function"], r["name"], heap.objects[r["target"]]["type"])
                      for r in heap.roots if r["kind"] == "frame")
    assert sorted((r["function"], r["name"], r["type"]) for r in rows) == expected
    assert ("wait", "local", "list") in expected, expected


def check_14(heap, rows):
    expected = [(t["name"], t["gil"], depth, f["function"], f["file"], f["line"])
                for t in sorted(heap.threads, key=lambda t: t["tid"])
                for depth, f in enumerate(t["frames"])]
    assert [tuple(r.values()) for r in rows] == expected
    assert any(r["function"] == "wait" and r["name"] == "worker" for r in rows)


def check_15(heap, rows):
    assert rows and all(r["block_size"] % 16 == 0 and r["pools"] > 0 for r in rows)
    assert [r["free_bytes"] for r in rows] == sorted((r["free_bytes"] for r in rows), reverse=True)
    assert all(r["free_bytes"] == r["free_blocks"] * r["block_size"] for r in rows)


def run(brille, *arguments, status=0):
    done = subprocess.run([brille, *arguments], capture_output=True, text=True)
    assert done.returncode == status, (arguments, done)
    return done.stderr if status else done.stdout


def check_page(brille, path, heap):
    queries = {int(number): text for number, text in QUERY.findall(PAGE.read_text(encoding="utf-8"))}
    assert sorted(queries) == list(range(1, 16)), sorted(queries)
    for number, text in sorted(queries.items()):
        rows = json.loads(run(brille, "sql", path, text, "--json"))["rows"]
        globals()["check_%d" % number](heap, rows)
        table = run(brille, "sql", path, text)
        assert len(table.splitlines()) == (len(rows) + 1 if rows else 0), number
        records = list(csv.reader(io.StringIO(run(brille, "sql", path, text, "--csv"))))
        assert len(records) == len(rows) + 1, number
        for record, row in zip(records[1:], rows):
            assert record == ["" if v is None else str(v) for v in row.values()], (record, row)
        print("query %d: %d rows" % (number, len(rows)))


def check_mistakes(brille, path):
    for query, message in [("SELECT nme FROM object", "no such column: nme (at character 8)"),
                           ("SELEKT 1", 'near "SELEKT": syntax error (at character 1)'),
                           ("SELECT * FROM objects", "no such table: objects"),
                           ("SELEC", "syntax error"), ("SELECT 'a", "unrecognized token"),
                           ("DELETE FROM object", "may not be modified"),
                           ("DROP TABLE object", "may not be dropped"),
                           ("SELECT path()", "wrong number of arguments")]:
        errors = run(brille, "sql", path, query, status=2)
        assert errors.startswith("brille: cannot run the query: ") and errors.count("\n") == 1, errors
        assert message in errors, (query, errors)
    assert "exclude each other" in run(brille, "sql", path, "SELECT 1", "--csv", "--json", status=2)
    assert "no such file" in run(brille, "sql", "/nonexistent.heap", "SELECT 1", status=3).lower()


def main():
    brille, python = sys.argv[1:3]
    with support.dump(brille, python) as path:
        heap = Heap(run(brille, "export", path, "--to", "ndjson"))
        check_page(brille, path, heap)
        check_mistakes(brille, path)
        assert len(heap.objects) == json.loads(
            run(brille, "sql", path, "SELECT count(*) AS n FROM object", "--json"))["rows"][0]["n"]
        every = subprocess.run([brille, "sql", path], input="SELECT count(*) FROM reference;\nSELECT 1;",
                               capture_output=True, text=True, check=True).stdout.split()
        assert every == ["count(*)", str(len(heap.references)), "1", "1"], every


main()
