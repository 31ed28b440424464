"""Plugins on live processes, dumps and traces: the tutorial of docs/plugins.md word for word, and
the shipped plugins against what the programs know.
Arguments: brille, brille-python.
"""
import json
import os
import re
import subprocess
import sys

from plugin_support import BRILLE, ROOT, Program, brille, run_tests, write


def rows(answer, table):
    answer = json.loads(answer)
    assert answer["complete"], answer
    return [t for t in answer["tables"] if t["id"] == table][0]["rows"]


def test_the_tutorial():
    page = (ROOT / "docs/plugins.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```(python|lua)\n(.*?)```", page, re.S))
    write("app.py", blocks["python"])
    write("big-dicts.lua", blocks["lua"])
    with Program("app.py") as program:
        pid = program.process.pid
        text = brille("plugin", "run", "./big-dicts.lua", pid)
        assert "__main__.SESSIONS -> dict" in text, text
        top = rows(brille("plugin", "run", "./big-dicts.lua", pid, "--top", 3, "--json"), "dicts")
        assert len(top) == 3 and top[0]["retained"] >= top[1]["retained"] > 100000, top
        assert program.process.poll() is None
    assert "--top N" in brille("plugin", "run", "./big-dicts.lua", "--help")
    os.makedirs("data/brille/plugins")
    os.rename("big-dicts.lua", "data/brille/plugins/big-dicts.lua")
    listing = subprocess.run([BRILLE, "plugin", "list"], capture_output=True, text=True, check=True,
                             env=dict(os.environ, XDG_DATA_HOME=os.path.abspath("data"))).stdout
    assert "The dicts that hold most memory" in listing, listing


def test_growth():
    write("leak.py", """
class Row:
    def __init__(self): self.data = bytes(1000)
CACHE = []
def fill(n):
    for i in range(n): CACHE.append(Row())
fill(100)
print("ready", flush=True)
input()
fill(250)
print("grown", flush=True)
input()
""")
    with Program("leak.py") as program:
        brille("dump", program.process.pid, "-o", "a.heap")
        program.process.stdin.write("\n")
        program.process.stdin.flush()
        program.next()
        brille("dump", program.process.pid, "-o", "b.heap")
    found = rows(brille("growth", "a.heap", "b.heap", "--json"), "growth")
    by_type = {row["type"]: row for row in found if "CACHE" in row["path"]}
    assert by_type["__main__.Row"]["objects"] == 250, found
    assert by_type["bytes"]["objects"] == 250, found
    assert by_type["bytes"]["bytes"] == 250 * sys.getsizeof(bytes(1000)), found
    brille("growth", "a.heap", "b.heap", "--fail-on", "warn", status=1)
    brille("growth", "a.heap", "a.heap", "--fail-on", "note")


def test_traces():
    write("threads.py", """
import threading
def spin():
    kept = []
    for i in range(20000): kept.append(str(i))
threads = [threading.Thread(target=spin, name="worker") for _ in range(2)]
for t in threads: t.start()
for t in threads: t.join()
""")
    brille("run", "-e", "all", "-o", "T.trace", "threads.py")
    sites = rows(brille("hot-allocations", "T.trace", "--by", "objects", "--json"), "sites")
    line = [row for row in sites if row["line"].endswith("threads.py:5") and row["type"] == "str"]
    assert line and line[0]["function"] == "spin", sites
    assert line[0]["objects"] >= 2 * (20000 - 10), line  # one-digit strings are shared
    holders = rows(brille("gil-contention", "T.trace", "--json"), "holders")
    assert sum(row["thread"] == "worker" for row in holders) == 2, holders


def test_mistakes_are_one_line():
    cases = {
        "return { api = 1,\n name = 'x' summary = 1 }": "x.lua:2:",
        "return { api=1, name='x', summary='', run=function()\n local y = nil + 1 end }": "x.lua:2:",
        "return { api=1, name='x', summary='', run=function() while true do end end }": "stopped",
        "return { api=1, name='x', summary='', run=function() while true do pcall(error) end end }":
            "stopped",
        "return { api=1, name='x', summary='', run=function() ("
        "('a'):rep(40)):find(('a?'):rep(40) .. ('a'):rep(40) .. 'b') end }": "killed",
        "return { api=1, name='x', summary='', run=function() os.exit() end }": "global 'os'",
        "return { api=1, name='x', summary='', nead={}, run=function() end }": "'nead'",
    }
    for source, expected in cases.items():
        write("x.lua", source)
        said = brille("plugin", "run", "./x.lua", "--time", "0.3", status=2)
        assert said.startswith("brille: plugin") and expected in said, (source, said)


run_tests(globals())
