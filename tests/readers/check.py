#!/usr/bin/env python3
"""Opens one export in a reader of the format and compares. Usage: check.py FORMAT BRILLE BRILLE-PYTHON
Exit status 77: the reader is not installed."""
import collections
import csv
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
TOOLS = HERE.parent.parent / ".tools" / "readers"
sys.path[:0] = [str(HERE.parent / "sql"), str(HERE.parent / "support")]

import browser  # noqa: E402
import support  # noqa: E402


class Truth:
    """The ndjson and csv of the same heap."""

    def __init__(self, brille, path):
        self.objects, self.references, self.roots = {}, [], []
        for line in run(brille, "export", path, "--to", "ndjson").splitlines():
            record = json.loads(line)
            if record["record"] == "object":
                self.objects[int(record["address"], 16)] = record
            elif record["record"] == "reference":
                self.references.append((int(record["source"], 16), int(record["target"], 16), record))
            elif record["record"] == "root":
                self.roots.append(record)
        self.size = sum(o["size"] for o in self.objects.values())
        rows = csv.DictReader(run(brille, "export", path, "--to", "csv").splitlines(True))
        self.rows = {int(r["address"], 16): r for r in rows}
        self.reachable = {a for a, r in self.rows.items() if int(r["retained"])}
        self.reachable_size = sum(self.objects[a]["size"] for a in self.reachable)

    def type_name(self, o):
        return o["type"] if o["module"] in ("builtins", "") else o["module"] + "." + o["type"]

    def type_counts(self):
        return collections.Counter(self.type_name(o) for o in self.objects.values())

    def retains(self):
        return sum(r["class"] not in ("weak", "borrowed") for _, _, r in self.references)


def run(*command, text=True, **options):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=text, **options).stdout


def need(*paths):
    for path in paths:
        if not (shutil.which(path) if "/" not in str(path) else os.path.exists(path)):
            print("not installed:", path)
            sys.exit(77)


def check_csv(truth, brille, heap, out):
    assert truth.rows.keys() == truth.objects.keys()
    for address, row in truth.rows.items():
        o = truth.objects[address]
        generation = "" if o["generation"] is None else str(o["generation"])
        assert (row["type"], row["module"], row["size"], row["refcount"], row["explained"], row["label"],
                row["generation"]) == (o["type"], o["module"], str(o["size"]), str(o["refcount"]),
                                       str(o["explained"]), o["label"], generation), (row, o)
    tops = sum(int(r["retained"]) for a, r in truth.rows.items() if not r["dominator"])
    assert tops == truth.reachable_size


def check_heapsnapshot(truth, brille, heap, out):
    need("node", TOOLS / "node_modules/@memlab/core")
    done = json.loads(run("node", "--max-old-space-size=4000", HERE / "memlab.js", out,
                          env=dict(os.environ, NODE_PATH=str(TOOLS / "node_modules"))))
    special = [n for n in done["nodes"] if n[2] == "synthetic"]
    nodes = [n for n in done["nodes"] if n[2] != "synthetic"]
    assert len(nodes) == len(truth.objects) and len(special) == 2, special
    assert done["size"] == truth.size
    assert done["nodes"][0][4] == truth.size and special[1][4] == truth.size - truth.reachable_size
    # Nodes come in order of address, as the rows of the csv do.
    for node, (address, row) in zip(nodes, truth.rows.items()):
        assert node[3] == int(row["size"]), (node, row)
        assert node[4] == (int(row["retained"]) or int(row["size"])), (node, row)
        if node[2] == "object":
            assert node[1] == truth.type_name(truth.objects[address])
    assert len({n[0] for n in nodes}) == len(nodes)
    starts = done["edge_count"] - len(truth.references) - (len(truth.objects) - len(truth.reachable)) - 1
    assert 0 < starts <= len(truth.roots), starts
    check_ids(brille, heap, nodes, truth)


def check_ids(brille, heap, nodes, truth):
    """Ids are made of addresses, so that a second dump has the same ones."""
    with open(heap + ".heapsnapshot", encoding="utf-8") as file:
        raw = json.load(file)
    assert raw["snapshot"]["node_count"] * 7 == len(raw["nodes"])
    assert raw["snapshot"]["edge_count"] * 3 == len(raw["edges"])
    assert sum(raw["nodes"][4::7]) == raw["snapshot"]["edge_count"]
    assert max(raw["nodes"]) < 1 << 32 and raw["strings"][0] == ""
    assert all(to % 7 == 0 and to < len(raw["nodes"]) for to in raw["edges"][2::3])
    low = {node[0] & 0x1ffff for node in nodes}
    assert low == {address >> 3 & 0x1ffff for address in truth.objects}


def check_hprof(truth, brille, heap, out):
    need("java", TOOLS / "jfluid-heap.jar")
    lines = [line.split("\t") for line in run("java", "-cp", TOOLS / "jfluid-heap.jar", HERE / "Hprof.java",
                                              out, "__main__.Session", "dict").splitlines()]
    classes = {line[1]: int(line[2]) for line in lines if line[0] == "class"}
    counts = truth.type_counts()
    # A type that has instances is a class there, so that it is no instance of its metaclass.
    types = {source for source, _, reference in truth.references if reference["name"] == "__mro__"}
    kept = collections.Counter(truth.type_name(o) for address, o in truth.objects.items()
                               if address not in types or o["label"] not in counts)
    for name in counts:
        if "type" not in name:
            assert classes[name] == kept[name], (name, kept[name], classes.get(name))
    # Every object is an instance, or a class that has the size of the type object it is.
    types = [line for line in lines if line[0] == "class" and line[4] != "none"]
    instances = [line for line in lines if line[0] == "class" and not line[1].startswith(("java.", "char[]"))]
    assert sum(int(line[2]) for line in instances) + len(types) == len(truth.objects)
    assert sum(int(line[3]) for line in instances) + sum(int(line[4]) for line in types) == truth.size
    fields = {(line[1], line[2]): line[3] for line in lines if line[0] == "field"}
    [address] = [int(line[2]) for line in lines if line[0] == "instance" and line[1] == "__main__.Session"]
    session = truth.objects[address]
    assert fields["__main__.Session", "size"] == str(session["size"])
    assert fields["__main__.Session", "refcount"] == str(session["refcount"])
    token = [t for s, t, r in truth.references if s == address and r["name"] == "token"][0]
    assert fields["__main__.Session", "token"] == "str %d" % token, fields
    assert fields["dict", "items"].startswith(("java.lang.Object[] ", "null"))
    assert ["property", "brille"] in lines
    assert 0 < int([line[1] for line in lines if line[0] == "roots"][0]) <= len(truth.roots)


def protoc(proto, message, data):
    need("protoc")
    return run("protoc", "--proto_path", HERE, "--decode", message, proto, text=False, input=data).decode()


def check_pprof(truth, brille, heap, out):
    with gzip.open(out) as file:
        text = protoc("profile.proto", "Profile", file.read())
    samples = re.findall(r"^sample \{\n(.*?)^\}", text, re.M | re.S)
    values = [list(map(int, re.findall(r"  value: (\d+)", sample))) for sample in samples]
    assert [sum(v[i] for v in values) for i in (0, 1)] == [len(truth.reachable), truth.reachable_size]
    strings = re.findall(r'^string_table: "(.*)"$', text, re.M)
    assert strings[0] == "" and "module __main__" in strings and "__main__.Session" in strings
    locations = set(re.findall(r"^location \{\n  id: (\d+)", text, re.M))
    functions = re.findall(r"^function \{\n  id: (\d+)\n  name: (\d+)", text, re.M)
    assert locations == {f for f, _ in functions} and all(int(n) < len(strings) for _, n in functions)
    used = set(re.findall(r"  location_id: (\d+)", text))
    assert used <= locations and "0" not in used
    # Innermost first: a session's own bytes have the type first and the module last.
    session, module = str(strings.index("__main__.Session")), str(strings.index("module __main__"))
    assert any(re.findall(r"location_id: (\d+)", s)[0] == session and
               re.findall(r"location_id: (\d+)", s)[-1] == module for s in samples)
    check_in_speedscope(out, "heap.pb.gz", ["space", "objects"])


def check_perfetto(truth, brille, heap, out):
    text = protoc("heap_graph.proto", "Trace", pathlib.Path(out).read_bytes())
    assert not re.search(r"^ *\d+: ", text, re.M), "a field that the messages do not know"
    assert list(map(int, re.findall(r"^    index: (\d+)", text, re.M))) == list(
        range(text.count("heap_graph {")))
    assert text.count("continued: true") == text.count("heap_graph {") - 1
    objects, number = {}, 0
    names = dict(re.findall(r"types \{\n      id: (\d+)\n      class_name: \"(.*)\"", text))
    for body in re.findall(r"^    objects \{\n(.*?)^    \}", text, re.M | re.S):
        given = dict(re.findall(r"^      (id|id_delta|type_id|self_size): (\d+)", body, re.M))
        number = int(given["id"]) if "id" in given else number + int(given["id_delta"])
        targets = [int(t) for t in re.findall(r"reference_object_id: (\d+)", body)]
        assert len(targets) == body.count("reference_field_id:")
        objects[number] = (names[given["type_id"]], int(given["self_size"]), targets)
    assert len(objects) == len(truth.objects) and sum(o[1] for o in objects.values()) == truth.size
    assert collections.Counter(o[0] for o in objects.values()) == truth.type_counts()
    assert sum(len(o[2]) for o in objects.values()) == truth.retains()
    todo = [int(o) for o in re.findall(r"object_ids: (\d+)", text)]
    seen = set(todo)
    while todo:
        for target in objects[todo.pop()][2]:
            if target not in seen:
                seen.add(target)
                todo.append(target)
    assert len(seen) == len(truth.reachable)


def check_in_speedscope(out, name, profiles):
    """Hands the file to speedscope as its own command does, and looks at what it shows."""
    page_path = TOOLS / "node_modules/speedscope/dist/release/index.html"
    need(page_path)
    if not browser.find():
        need("chromium")
    import base64
    script = out + ".js"
    data = base64.b64encode(pathlib.Path(out).read_bytes()).decode()
    pathlib.Path(script).write_text("speedscope.loadFileFromBase64(%s, %s)" % (json.dumps(name), json.dumps(data)))
    with browser.Browser() as chromium:
        page = chromium.open("file://%s#localProfilePath=%s" % (page_path, script))
        try:
            page.wait_for("document.title != 'speedscope'", 60)
        except TimeoutError:
            raise AssertionError((page.evaluate("document.body.innerText"), page.problems)) from None
        title = page.evaluate("document.title")
        assert any(p in title for p in profiles) or name.split(".")[0] in title or "brille" in title, title
        assert not [p for p in page.problems if "Error" in p], page.problems


def check_speedscope(truth, brille, heap, out):
    with open(out, encoding="utf-8") as file:
        data = json.load(file)
    assert [p["name"] for p in data["profiles"]] == ["bytes", "objects"]
    for profile, total in zip(data["profiles"], [truth.reachable_size, len(truth.reachable)]):
        assert sum(profile["weights"]) == profile["endValue"] == total
        assert len(profile["weights"]) == len(profile["samples"])
        assert max(max(s) for s in profile["samples"]) < len(data["shared"]["frames"])
    check_in_speedscope(out, "heap.speedscope.json", ["bytes", "objects"])


def check_folded(truth, brille, heap, out):
    total, sessions = 0, 0
    for line in pathlib.Path(out).read_text(encoding="utf-8").splitlines():
        stack, _, number = line.rpartition(" ")
        assert stack and all(stack.split(";")), line
        total += int(number)
        sessions += int(number) if stack.endswith(";__main__.Session") else 0
    assert total == truth.reachable_size
    assert sessions == sum(o["size"] for o in truth.objects.values() if o["type"] == "Session")
    check_in_speedscope(out, "heap.folded.txt", ["heap"])


def check_dot(truth, brille, heap, out):
    need("dot")
    drawn = json.loads(run("dot", "-Tjson0", out))
    assert len(drawn["objects"]) == 100 and drawn["directed"]
    assert len(drawn["edges"]) > 50
    assert any(e["label"] == ".CACHE" or e["label"] == "['CACHE']" for e in drawn["edges"])
    by_address = {int(o["tooltip"], 16): o for o in drawn["objects"]}
    for address, node in by_address.items():
        assert int(node["size_bytes"]) == truth.objects[address]["size"]
        assert int(node["retained_bytes"]) == int(truth.rows[address]["retained"])
    expected = sum(s in by_address and t in by_address for s, t, _ in truth.references)
    assert len(drawn["edges"]) == expected
    svg = run("dot", "-Tsvg", out)
    assert svg.count("<title>n") >= 100


def check_graphml(truth, brille, heap, out):
    try:
        import networkx
    except ImportError:
        need("/usr/lib/python3/dist-packages/networkx")
        raise
    graph = networkx.read_graphml(out)
    assert graph.number_of_nodes() == 100 and graph.is_directed()
    by_address = {int(a["address"], 16): n for n, a in graph.nodes(data=True)}
    for address, node in by_address.items():
        data = graph.nodes[node]
        assert data["size"] == truth.objects[address]["size"]
        assert data["type"] == truth.type_name(truth.objects[address])
        assert data["retained"] == int(truth.rows[address]["retained"])
    expected = sum(s in by_address and t in by_address for s, t, _ in truth.references)
    assert graph.number_of_edges() == expected
    whole = pathlib.Path(out).with_suffix(".whole")
    run(brille, "export", heap, "--to", "graphml", "--limit", str(len(truth.objects)), "-o", whole)
    graph = networkx.read_graphml(whole)
    inside = sum(s in truth.reachable and t in truth.reachable for s, t, _ in truth.references)
    assert graph.number_of_nodes() == len(truth.reachable) and graph.number_of_edges() == inside
    assert sum(size for _, size in graph.nodes(data="size")) == truth.reachable_size


def main():
    name, brille, python = sys.argv[1:4]
    with support.dump(brille, python) as heap:
        out = "%s.%s" % (heap, name)
        run(brille, "export", heap, "--to", name, "-o", out)
        globals()["check_" + name](Truth(brille, heap), brille, heap, out)


main()
