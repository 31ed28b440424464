"""What authors of plugins have: the tests of the shipped plugins, skeletons that pass, a list that
says what shadows what, a reference that cannot differ from the API, and the tutorial word for word.
Then the shipped plugins on a live process of each kind, and saved, against a count from outside.
Arguments: brille, brille-python.
"""
import collections
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess

from plugin_support import BRILLE, PLUGINS, ROOT, VM, Program, brille, run_tests, write

NAMES = sorted(p.stem for p in PLUGINS.glob("*.lua") if not p.name.endswith(".d.lua"))


def table(answer, name):
    answer = json.loads(answer)
    assert answer["complete"], answer
    return [t for t in answer["tables"] if t["id"] == name][0]["rows"]


def test_the_tests_of_the_shipped_plugins():
    for name in NAMES:
        answer = brille("plugin", "test", name)
        assert " 0 failed" in answer and not answer.startswith("0 passed"), answer
    assert brille("plugin", "lint", *NAMES) == "nothing to say\n"
    for name in NAMES:
        assert f"# {name}\n" in brille("plugin", "doc", name)


def test_a_failing_test_fails():
    os.mkdir("tests")
    pathlib.Path("p.lua").write_text(
        "return {api=1, name='p', summary='s', run=function(ctx)\n"
        "  local t = ctx.out:table{id='t', columns={'a'}}\n  t:row(tostring({}))\nend}")
    cases = {"expect = { rows = { t = 2 } }": "has 1 rows, not 2",
             "expect = { findings = { 'x' } }": "no finding 'x'",
             "expect = { error = 'no' }": "not 'no'",
             "golden = 'g.json'": "cannot read",
             "args = { a = 1 }": "no argument 'a'",
             "nonsense = 1": "unknown key 'nonsense'"}
    for case, why in cases.items():
        pathlib.Path("tests/p_test.lua").write_text("return {{ name = 'c', %s }}" % case)
        answer = brille("plugin", "test", "./p.lua", status=1)
        assert why in answer, (case, answer)


def test_goldens():
    brille("plugin", "new", "g")
    test = pathlib.Path("g/tests/g_test.lua")
    test.write_text(test.read_text().replace('name = "small', 'golden = "g.json", name = "small'))
    brille("plugin", "test", "./g/g.lua", status=1)
    brille("plugin", "test", "./g/g.lua", "--update")
    brille("plugin", "test", "./g/g.lua")
    golden = pathlib.Path("g/tests/g.json")
    golden.write_text(golden.read_text().replace("1000", "1001"))
    assert "differs" in brille("plugin", "test", "./g/g.lua", status=1)


def full(bytes_of_a_file):
    """Lets a child write files only so far, as a full disk would."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_of_a_file, bytes_of_a_file))


def test_what_cannot_be_written_is_not_there_in_part():
    for room in (1, 100, 2000):  # a plugin, its test and the reference end at different ones
        done = subprocess.run([BRILLE, "plugin", "new", "p"], capture_output=True, text=True,
                              preexec_fn=lambda: full(room))
        assert done.returncode == 3, done
        assert done.stderr.startswith("brille: cannot write p/") and done.stderr.count("\n") == 1, done
        assert not os.path.exists("p")
    brille("plugin", "new", "g")
    test = pathlib.Path("g/tests/g_test.lua")
    test.write_text(test.read_text().replace('name = "small', 'golden = "g.json", name = "small'))
    done = subprocess.run([BRILLE, "plugin", "test", "./g/g.lua", "--update"], capture_output=True,
                          text=True, preexec_fn=lambda: full(1))
    assert done.returncode == 1 and "cannot write" in done.stdout + done.stderr, done
    assert not os.path.exists("g/tests/g.json")


def test_skeletons():
    for kind in ("heap", "diff", "events"):
        brille("plugin", "new", "new-" + kind, "--" + kind)
        path = f"./new-{kind}/new-{kind}.lua"
        assert " 0 failed" in brille("plugin", "test", path)
        brille("plugin", "lint", path)
        brille("plugin", "new", "new-" + kind, status=3)
    brille("plugin", "new", "Bad Name", status=2)
    pathlib.Path("new-heap/lib/words.lua").write_text("return { hello = 'from lib' }")
    pathlib.Path("new-heap/new-heap.lua").write_text(
        "local words = require('words')\nreturn {api=1, name='new-heap', summary='s',"
        " run=function() print(words.hello) end}")
    assert "from lib" in brille("new-heap", "--plugin-path", ".", status=None) or \
        "from lib" in brille("plugin", "run", "new-heap", "--plugin-path", ".")


def test_each_reference_of_one_object_to_another():
    os.makedirs("twice/tests")
    write("twice/twice.lua", """return { api = 1, name = "twice", summary = "s",
  needs = { heap = true, refs = true }, run = function(ctx)
    local said, heap = {}, ctx.heap
    for id, name in heap:referrers(heap:where("type == 'int'"):ids(1)[1]) do
      said[#said + 1] = heap.type[id] .. tostring(name)
    end
    print(table.concat(said, " "))
  end }""")
    write("twice/tests/twice_test.lua", """return { { name = "twice", heap = { objects = {
      { "all", type = "list", refs = { "x", "y", "x", "x" } },
      { "map", type = "dict", refs = { a = "x", b = "x" } },
      { "x", type = "int" }, { "y", type = "str" } }, roots = { { "__main__", "all" } } },
      expect = { text = "listnil listnil listnil dicta dictb" } } }""")
    assert "1 passed, 0 failed" in brille("plugin", "test", "./twice/twice.lua")


def test_require_of_what_has_not_ended():
    """A circle, and a file that failed, are told as such; neither is given as `false`."""
    os.makedirs("circle/lib")
    write("circle/lib/one.lua", "return { two = require 'two' }")
    write("circle/lib/two.lua", "return { name = require('one').name }")
    write("circle/lib/bad.lua", "error('no luck')")
    write("circle/lib/no.lua", "return false")
    for body, said in (("require 'one'", "two.lua:1: require: lib/one.lua needs itself"),
                       ("pcall(require, 'bad') require('bad')", "lib/bad.lua needs itself, or has"),
                       ("require 'bad'", "bad.lua:1: no luck"),
                       ("error(tostring(require('no', 1)) .. tostring(require('no')))", "falsefalse")):
        write("circle/circle.lua", "return { api = 1, name = 'circle', summary = 's', "
              "run = function(ctx) %s end }" % body)
        answer = brille("plugin", "run", "./circle/circle.lua", status=2)
        assert said in answer, (body, answer)


def test_what_tests_require():
    """A test finds tests/lib/ and lib/, the first before the second; a plugin lib/ alone."""
    os.makedirs("req/tests/lib")
    os.makedirs("req/lib")
    pathlib.Path("req/lib/words.lua").write_text("return { text = 'of the plugin' }")
    pathlib.Path("req/lib/both.lua").write_text("return { text = 'of the plugin' }")
    pathlib.Path("req/tests/lib/both.lua").write_text("return { text = 'of the tests' }")
    pathlib.Path("req/tests/lib/alone.lua").write_text("return { heap = { objects = { { 'a' } } } }")
    pathlib.Path("req/req.lua").write_text(
        "local both = require 'both'\nreturn {api=1, name='req', summary='s', needs={heap=true},"
        " run=function(ctx) print(both.text, ctx.heap.n) end}")
    pathlib.Path("req/tests/req_test.lua").write_text(
        "local words, both, alone = require 'words', require 'both', require 'alone'\n"
        "return { { name = words.text .. ', ' .. both.text, heap = alone.heap,"
        " expect = { text = 'of the plugin\\t1' } } }")
    answer = brille("plugin", "test", "./req/req.lua")
    assert "of the plugin, of the tests" in answer and "1 passed, 0 failed" in answer, answer
    pathlib.Path("req/req.lua").write_text("require 'alone'")
    assert "lib/alone.lua" in brille("plugin", "test", "./req/req.lua", status=2)
    pathlib.Path("req/req.lua").write_text("return {api=1, name='req', summary='s', run=function() end}")
    pathlib.Path("req/tests/req_test.lua").write_text("return { require 'nowhere' }")
    assert "lib/nowhere.lua" in brille("plugin", "test", "./req/req.lua", status=1)


def test_list():
    os.makedirs("first/growth")
    pathlib.Path("first/growth/growth.lua").write_text(
        "return {api=1, name='growth', summary='mine', run=print}")
    pathlib.Path("first/broken.lua").write_text("return {api=1,\n name=}")
    answer = brille("plugin", "list", "--plugin-path", "first", "--json")
    rows = json.loads(answer)["plugins"]
    mine = [r for r in rows if r["name"] == "growth"]
    assert mine[0]["summary"] == "mine" and mine[0]["from"] == "--plugin-path", mine
    assert "shadowed by first/growth/growth.lua" in mine[1]["summary"], mine
    broken = [r for r in rows if r["name"] == "broken"][0]
    assert broken["summary"].startswith("broken: ") and "broken.lua:2:" in broken["summary"], broken


def test_the_reference_is_the_api():
    manual = (ROOT / "docs/plugins/reference.md").read_text(encoding="utf-8")
    assert manual == brille("plugin", "reference"), "brille plugin reference > docs/plugins/reference.md"
    meta = (PLUGINS / "brille.d.lua").read_text(encoding="utf-8")
    assert meta == brille("plugin", "reference", "--meta"), \
        "brille plugin reference --meta > plugins/brille.d.lua"


CALLED = """
import sys
class Row:
    def __init__(self, i): self.i, self.me = str(i), self
KEPT = [Row(i) for i in range(50)]
TEXT = "".join(["hello", " there"])
print("ready", flush=True)
for line in sys.stdin:
    KEPT.append(Row(51))
    print("more", flush=True)
"""


def test_every_function_is_called():
    with Program(write("app.py", CALLED)) as program:
        brille("dump", program.pid, "-o", "a.heap")
        program.process.stdin.write("\n")
        program.process.stdin.flush()
        program.next()
        brille("dump", program.pid, "-o", "b.heap")
    brille("run", "-e", "alloc", "-o", "T.trace",
           write("allocate.py", "for i in range(500): [str(i)]\n"))
    said = brille("plugin", "run", ROOT / "tests/e2e/api_calls.lua", "a.heap", "b.heap", "T.trace",
                  status=2)
    assert "brille: plugin api-calls: the end\n" in said and "try: is near" in said, said
    called = [line.split()[1] for line in said.splitlines() if line.startswith("called ")]
    assert sorted(called) == sorted(brille("plugin", "reference", "--names").split()), \
        set(brille("plugin", "reference", "--names").split()) ^ set(called)


def test_a_checker_of_lua_accepts_them():
    if not shutil.which("luacheck"):
        print("no luacheck", flush=True)
        return
    for kind in ("heap", "diff", "events"):
        brille("plugin", "new", f"new-{kind}", f"--{kind}")
    write("page.lua", re.findall(r"```lua\n(return.*?)```", (ROOT / "docs/plugins.md").read_text(
        encoding="utf-8"), re.S)[0])
    write("calls.lua", (ROOT / "tests/e2e/api_calls.lua").read_text(encoding="utf-8"))
    for folder in (PLUGINS, "."):
        done = subprocess.run(["luacheck", ".", "--no-color", "--config", PLUGINS / ".luacheckrc"],
                              cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:]


EVENTS = """
local e = ctx.events
local n, sum = 0, 0
for t, kind, size in e:each("t", "kind", "size") do
  n = n + 1
  if kind == "alloc" then sum = sum + size end
end
assert(n > 1000 and n == e:count())
local allocs = e:kinds("alloc")
assert(allocs:sum("size") == sum and e:where("kind == 'alloc'"):sum("size") == sum)
assert(allocs:count() == e:run { alloc = function(x) assert(x.size) end })
local g, total = allocs:group { by = { "type" }, sum = { "size" } }, 0
for row in g:each() do total = total + row.size end
assert(total == sum)
local big = allocs:where("size >= :n and type ~ 's*'", { n = 60 })
for t, type, size in big:each("t", "type", "size") do assert(size >= 60 and type:sub(1, 1) == "s") end
local h = 0
for _, step in ipairs(allocs:hist("size")) do h = h + step.n end
assert(h == allocs:count())
local w, pieces = 0, 0
for start, piece in e:window(10000000) do
  pieces, w = pieces + 1, w + piece:count()
  for t, func in piece:each("t", "func") do assert(t >= start and t < start + 10000000) end
end
assert(w == n and pieces > 0)
local pairs = 0
local spec = { open = "alloc", close = "free", by = "addr", columns = { "type" } }
for start, ns, addr, open, close in e:pair(spec) do pairs = pairs + 1; assert(ns >= 0 and addr and open) end
assert(pairs > 0 and spec.unclosed > 0 and e:missing() >= 0)
ctx:log("debug", "done") ctx:progress(1, "done")
print("ok", brille.ns(1), brille.bytes(1))
"""


# Filters by time read a part of the trace; they must let through what a filter of all of it does.
TIMES = """
local all, last = {}, 0
for t, seq in ctx.events:each("t", "seq") do all[#all + 1] = { t, seq }; last = t end
local a, b = last // 3, last // 2
for text, test in pairs {
  ["t >= :a and t < :b"] = function(t) return t >= a and t < b end,
  [":a < t and :b >= t"] = function(t) return a < t and b >= t end,
  ["t > :b or t < :a"] = function(t) return t > b or t < a end,
  ["not (t < :b)"] = function(t) return not (t < b) end,
  ["t > :b and t < :a"] = function(t) return false end,
  ["t == :a"] = function(t) return t == a end,
  ["t < 0"] = function(t) return t < 0 end,
} do
  local expected, i = {}, 0
  for _, e in ipairs(all) do if test(e[1]) then expected[#expected + 1] = e end end
  local selected = ctx.events:where(text, { a = a, b = b })
  for t, seq in selected:each("t", "seq") do
    i = i + 1
    assert(expected[i] and expected[i][1] == t and expected[i][2] == seq, text)
  end
  assert(i == #expected and selected:count() == i, text)
end
print("ok")
"""


def test_events():
    pathlib.Path("prog.py").write_text("kept = [str(i) for i in range(5000)]\n"
                                       "for i in range(5000): str(i * 10)\n")
    brille("run", "-e", "all", "-o", "T.trace", "prog.py")
    pathlib.Path("e.lua").write_text("return {api=1, name='e', summary='s', needs={events={'alloc','free'}},"
                                     "\nrun=function(ctx)\n%s\nend}" % EVENTS)
    assert "ok" in brille("plugin", "run", "./e.lua", "T.trace")
    pathlib.Path("t.lua").write_text("return {api=1, name='t', summary='s', needs={events=true},"
                                     "\nrun=function(ctx)\n%s\nend}" % TIMES)
    assert "ok" in brille("plugin", "run", "./t.lua", "T.trace")
    brille("run", "-e", "gil", "-o", "G.trace", "prog.py")
    said = brille("plugin", "run", "./e.lua", "G.trace", status=3)
    assert "needs alloc events, and the trace has none" in said, said
    for name in ("short-lived", "lifetimes", "hot-allocations", "gil-convoy", "thread-starvation",
                 "gc-pressure", "gil-contention"):
        assert json.loads(brille(name, "T.trace", "--json"))["complete"]
    lived = json.loads(brille("lifetimes", "T.trace", "--json"))
    freed = sum(row["objects"] for row in table(json.dumps(lived), "lifetimes"))
    events = [json.loads(line) for line in
              brille("export", "T.trace", "--to", "ndjson", "-o", "/dev/stdout").splitlines()]
    alive, counted = set(), 0
    for e in events:
        if e.get("event") == "alloc":
            alive.add(e["address"])
        elif e.get("event") == "free" and e["address"] in alive:
            alive.remove(e["address"])
            counted += 1
    assert freed == counted, (freed, counted)


def test_heaps():
    """Against ndjson, counted here."""
    pathlib.Path("app.py").write_text(
        "import gc, sys\ngc.disable()\nclass Row:\n    def __init__(self, i): self.i = i; self.me = self\n"
        "CACHE = {i: Row(i) for i in range(300)}\nSAME = [('%d' % 7) + 'x' * 20 for i in range(200)]\n"
        "for i in range(50): Row(i)\n"
        "ROOM = [[0] * 1000 for i in range(10)]\nfor r in ROOM:\n    del r[600:]\n"
        "print('ready', flush=True)\nsys.stdin.read()\n")
    for python in [VM] + [p for p in ["/usr/bin/python3.11"] if os.access(p, os.X_OK)]:
        with subprocess.Popen([python, "app.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as process:
            process.stdout.readline()
            brille("dump", process.pid, "-o", "h.heap")
            for target in (process.pid, "h.heap"):
                for name in ("leak-suspects", "dup-strings", "sparse-containers", "cycles",
                             "held-by-frames", "asyncio-tasks", "pool-fragmentation",
                             "native-references"):
                    assert json.loads(brille(name, target, "--json"))["complete"]
            records = [json.loads(line) for line in
                       brille("export", "h.heap", "--to", "ndjson", "-o", "/dev/stdout").splitlines()]
            objects = [r for r in records if r["record"] == "object"]
            groups = collections.defaultdict(list)
            for o in objects:
                if o["type"] == "str" and o.get("label") is not None:
                    groups[o["size"], o["label"]].append(o["size"])
            waste = sum(sum(g) - g[0] for g in groups.values() if len(g) > 1 and sum(g) - g[0] >= 1024)
            found = sum(r["waste"] for r in table(brille("dup-strings", "h.heap", "--top", 100000,
                                                         "--json"), "dups"))
            assert found == waste and waste > 0, (python, found, waste)
            native = sum(max(0, o["refcount"] - o["explained"]) for o in objects if not o["immortal"])
            found = sum(r["references"] for r in table(brille("native-references", "h.heap", "--top",
                                                              100000, "--json"), "types"))
            assert found == native, (python, found, native)
            rings = [r for r in table(brille("cycles", "h.heap", "--dead", "--json"), "cycles")
                     if "Row" in r["way"]]
            assert sum(r["cycles"] for r in rings) == 50, (python, rings)
            top = table(brille("leak-suspects", "h.heap", "--json"), "suspects")
            assert any("CACHE" in r["path"] or "SAME" in r["path"] for r in top), top
            process.stdin.close()


def test_the_tutorial():
    page = (ROOT / "docs/plugins/tutorial.md").read_text(encoding="utf-8")
    files = re.findall(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", page, re.S)
    assert len(files) >= 2
    for line in re.findall(r"<!-- run -->\n```sh\n(.*?)```", page, re.S)[0].splitlines():
        subprocess.run(line.replace("brille ", BRILLE + " ", 1), shell=True, check=True,
                       stdout=subprocess.DEVNULL)
    for name, text in files:
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        pathlib.Path(name).write_text(text, encoding="utf-8")
    path = [name for name, _ in files if not name.endswith("_test.lua")][0]
    answer = brille("plugin", "test", "./" + path)
    assert " 0 failed" in answer and "0 passed" not in answer, answer
    brille("plugin", "lint", "./" + path)


run_tests(globals())
