"""What passes of plugins cost: bench_plugins.py BRILLE FILE.heap [FILE.trace]

A plugin has no clock, so each case is run with one round, in which columns are read from the file, and
with more, and the difference in processor time is shared among objects, references or events. With
CASES=WORD in the environment, only cases whose name has the word. Makes docs/plugins/performance.md's
figures; a heap of ten million objects: bench_heap make records 10000000 F.heap.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile

BRILLE = os.path.abspath(sys.argv[1])
HEAP = os.path.abspath(sys.argv[2])
WORD = os.environ.get("CASES", "")
TRACE = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else None

HEAP_CASES = [  # name, needs, body of one round, rounds, unit
    ("set filter: size > 100", "", "heap:where('size > 100')", 10, "object"),
    ("set filter: type == 'dict'", "", "heap:where(\"type == 'dict'\")", 10, "object"),
    ("set filter of two: type == 'dict' and size > 100", "",
     "heap:where(\"type == 'dict' and size > 100\")", 10, "object"),
    ("sum of a column", "", "all:sum('size')", 10, "object"),
    ("group by type, sum", "", "heap:group{by={'type'}, sum={'size'}}", 10, "object"),
    ("group by type and generation, sum", "", "heap:group{by={'type','gen'}, sum={'size'}}", 4, "object"),
    ("top 100 by size", "", "all:top('size', 100)", 10, "object"),
    ("union of two sets", "", "local _ = all | all", 50, "object"),
    ("iterator, 1 column", "", "for id, size in heap:each('size') do end", 2, "object"),
    ("iterator, 3 columns", "", "for id, a, b, c in heap:each('size', 'refcount', 'type') do end", 2, "object"),
    ("heap.size[id]", "", "local s = heap.size for id in heap:each() do local _ = s[id] end", 2, "object"),
    ("targets(id) of every object", "refs = true",
     "for id in heap:each() do for to in heap:targets(id) do end end", 1, "reference"),
    ("refs(id) of every object", "refs = true",
     "for id in heap:each() do for to, name, kind, class in heap:refs(id) do end end", 1, "reference"),
]
EVENT_CASES = [
    ("count", "ctx.events:count()", 2), ("filter by kind and count", "ctx.events:kinds('alloc'):count()", 2),
    ("filter by size and count", "ctx.events:where(\"kind == 'alloc' and size > 100\"):count()", 2),
    ("iterator t, tid, kind", "for t, tid, kind in ctx.events:each('t', 'tid', 'kind') do end", 2),
    ("group by type, sum", "ctx.events:kinds('alloc'):group{by={'type'}, sum={'size'}}", 2),
]


def seconds(needs, setup, body, rounds, target):
    source = ("return {api=1, name='b', summary='s', needs={%s}, args={{'rounds', type='integer'}},\n"
              "run=function(ctx) local heap = ctx.heap %s\n for i = 1, ctx.args.rounds do %s end\nend}"
              % (needs, setup, body))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "b.lua")
        with open(path, "w") as file:
            file.write(source)
        best = None
        for _ in range(2):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([BRILLE, "plugin", "run", path, target, "--rounds", str(rounds), "--time", "500s"],
                           check=True, stdout=subprocess.DEVNULL)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            best = took if best is None else min(best, took)
        return best


def main():
    info = json.loads(subprocess.run([BRILLE, "summary", HEAP, "--json"], check=True,
                                     capture_output=True, text=True).stdout)["heap"]
    objects = info["objects"] if "objects" in info else info["object_count"]
    references = info["references"] if "references" in info else info["reference_count"]
    print(f"{objects} objects, {references} references")
    for name, needs, body, rounds, unit in HEAP_CASES:
        needs = "heap=true, " + needs
        setup = "local all = heap:all()"
        if WORD not in name:
            continue
        took = seconds(needs, setup, body, rounds + 1, HEAP) - seconds(needs, setup, body, 1, HEAP)
        print(f"{took / rounds / (objects if unit == 'object' else references) * 1e9:7.1f} ns/{unit}  {name}",
              flush=True)
    if not TRACE:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "n.lua")
        with open(path, "w") as file:
            file.write("return {api=1,name='n',summary='s',needs={events=true},run=function(ctx) "
                       "print(ctx.events:count()) end}")
        events = int(subprocess.run([BRILLE, "plugin", "run", path, TRACE], check=True,
                                    capture_output=True, text=True).stdout.split()[0])
    print(f"{events} events")
    for name, body, rounds in EVENT_CASES:
        if WORD not in name:
            continue
        took = seconds("events=true", "", body, rounds + 1, TRACE) - seconds("events=true", "", body, 1, TRACE)
        print(f"{took / rounds / events * 1e9:7.1f} ns/event  {name}", flush=True)


main()
