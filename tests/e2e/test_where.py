"""--where of verbs that list objects, against a count of all objects, and its mistakes.
Arguments: brille, brille-python.
"""
import json

from plugin_support import Program, brille, run_tests, write

APP = """
class Row:
    def __init__(self, n):
        self.cells = list(range(n))
ROWS = [Row(n) for n in range(100)]
print("ready", flush=True)
input()
"""


def dump():
    with Program(write("app.py", APP)) as program:
        brille("dump", program.pid, "-o", "a.heap")
    objects = {}
    for line in brille("export", "a.heap", "--to", "ndjson", "-o", "-").splitlines():
        record = json.loads(line)
        if record["record"] == "object":
            objects[int(record["address"], 0)] = record
    return objects


def answer(*arguments):
    return json.loads(brille(*arguments, "--json"))


def test_verbs():
    objects = dump()
    lists = {a for a, o in objects.items() if o["type"] == "list" and o["size"] > 500}
    expression = "type == 'list' and size > 500"
    assert len(lists) > 30
    types = answer("types", "a.heap", "--where", expression)["types"]
    assert [(t["type"], t["count"]) for t in types] == [("list", len(lists))], types
    assert types[0]["size"] == sum(objects[a]["size"] for a in lists)
    biggest = answer("dominators", "a.heap", "--where", expression, "-n", "10000")["objects"]
    assert {int(str(o["address"]), 0) for o in biggest} == lists
    retained = [o["retained"] for o in biggest]
    assert retained == sorted(retained, reverse=True)
    few = answer("dominators", "a.heap", "-w", "retained > 100KiB and type ~ 'l*'", "-n", "9999")
    assert all(o["retained"] > 100 * 1024 and o["type"].startswith("l") for o in few["objects"])
    modules = answer("types", "a.heap", "--by", "module", "--where", "module == '__main__'")
    assert [m["module"] for m in modules["modules"]] == ["__main__"], modules


def test_references():
    dump()
    everything = answer("dominators", "a.heap", "--type", "list", "-n", "9999")["objects"]
    rows = next(o for o in everything if o["path"].endswith("ROWS"))
    address = hex(int(str(rows["address"]), 0))
    shown = answer("show", "a.heap", address)["references"]
    some = answer("show", "a.heap", address, "--where", "type ~ '*Row'")["references"]
    assert len(some) == 100 and len(shown) >= 100, (len(some), len(shown))
    assert answer("show", "a.heap", address, "--where", "type == 'str'")["references"] == []
    one = hex(int(str(some[0]["address"]), 0))
    assert len(answer("refs", "a.heap", one, "--where", "type == 'list'")["referrers"]) == 1
    assert answer("refs", "a.heap", one, "--where", "type == 'int'")["referrers"] == []
    assert "0 pass --where" in brille("refs", "a.heap", one, "--where", "type == 'int'")


def test_mistakes():
    cases = {"size > 'a": "the text does not end", "siez > 1": "did you mean 'size'?",
             "size = 1": "equality is '=='", "size >": "a value is missing",
             "size > :n": "nothing is bound to :n", "": "a value is missing",
             "size > 3 apples": "what is 'apples'?"}
    for verb in (["types"], ["dominators"], ["show", "0x1"], ["refs", "0x1"]):
        for expression, why in cases.items():
            said = brille(verb[0], "missing.heap", *verb[1:], "--where", expression, status=2)
            assert said.startswith("brille: --where: ") and why in said, (verb, said)
            assert said.rstrip().endswith("^"), said


run_tests(globals())
