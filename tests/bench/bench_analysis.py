#!/usr/bin/env python3
"""Tables of what analysing big heaps costs.

    bench_analysis.py BUILD shapes [--sizes 1,3,10] [--shapes records,list,...]    dominators, file sizes
    bench_analysis.py BUILD verbs [--size 10]                                      whole commands
    bench_analysis.py BUILD reopen [--sizes 10] [--shapes records,list,...]         the second time, by the clock
    bench_analysis.py BUILD pages [--shots FOLDER]                                 reports in a browser
    bench_analysis.py BUILD peers [--objects 300000]                               beside other tools

BUILD has brille, brille-python and bench_heap (`ninja bench_heap`). Sizes are millions of objects. Times are
seconds of processor time and, where it says so, of the clock; memory is the most that was resident. Files go
to a folder under --folder (default /tmp): ten million objects take about 200 MB there.
"""
import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import browser  # noqa: E402

TOOLS = HERE.parent.parent / ".tools" / "readers"
SHAPES = ["records", "records6", "random", "hubs", "list", "dict", "chains"]


class Run:
    """One command: processor time, time, most memory, what it printed."""

    def __init__(self, *command, status=0, out=subprocess.PIPE, text=None, env=None):
        begun = time.monotonic()
        self.process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=subprocess.PIPE,
                                        stdin=subprocess.PIPE if text else subprocess.DEVNULL,
                                        env=dict(os.environ, **(env or {})))
        if text:
            self.process.stdin.write(text.encode())
            self.process.stdin.close()
        self.out = self.process.stdout.read().decode(errors="replace") if self.process.stdout else ""
        complaint = self.process.stderr.read().decode(errors="replace")
        _, ended, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(ended)
        self.wall = time.monotonic() - begun
        self.cpu = usage.ru_utime + usage.ru_stime
        self.mib = usage.ru_maxrss / 1024
        if self.process.returncode != status:
            sys.exit("%s: status %d\n%s" % (command, self.process.returncode, complaint))


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(flush=True)


class Bench:
    def __init__(self, options):
        self.options = options
        self.build = pathlib.Path(options.build).resolve()
        self.brille = self.build / "brille"
        found = [p for p in (self.build / "bench_heap", self.build / "tests" / "bench_heap") if p.exists()]
        self.bench_heap = found[0] if found else sys.exit("no bench_heap: ninja -C %s bench_heap" % self.build)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="brille-bench-", dir=options.folder))

    def make(self, shape, millions, name="a.heap"):
        path = self.folder / name
        run = Run(self.bench_heap, "make", shape, int(millions * 1e6), path)
        size, objects, references = re.search(
            r"file +([\d.]+) bytes an object, (\d+) objects, ([\d.]+) references", run.out).groups()
        return path, float(size), int(objects), float(references)

    def zstd(self, path, objects):
        if not shutil.which("zstd"):
            return "-"
        run = Run("zstd", "-1", "-q", "-c", path, out=open(self.folder / "zst", "wb"))
        assert run
        return "%.1f" % (os.path.getsize(self.folder / "zst") / objects)

    # ---- shapes ----

    def shapes(self):
        rows = []
        for shape in self.options.shapes.split(","):
            for millions in map(float, self.options.sizes.split(",")):
                path, size, objects, references = self.make(shape, millions)
                steps = {}
                for line in Run(self.bench_heap, "analyse", path).out.splitlines():
                    match = re.match(r"(.{14}) +([\d.]+) s cpu +([\d.]+) s .* peak +(\d+) MiB", line)
                    if match:
                        steps[match[1].strip()] = tuple(map(float, match.groups()[1:]))
                cpu, wall, mib = steps["dominators"]
                load = steps["load columns"][0] + steps["load edges"][0]
                rows.append([shape, "%g M" % millions, "%.2f" % references, "%.1f" % size,
                             self.zstd(path, objects), "%.2f" % load, "%.2f" % cpu, "%.2f" % wall,
                             "%.0f" % (cpu * 1e9 / objects), "%.0f" % mib, "%.0f" % (mib * 2**20 / objects),
                             "%.2f" % steps["paths"][0], "%.2f" % steps["cycles"][0]])
                path.unlink()
        table(["shape", "objects", "references each", "file, B each", "zstd -1, B each", "loading, s",
               "dominators and retained sizes, s", "of the clock, s", "ns each", "resident, MiB", "B each",
               "shortest paths, s", "cycles, s"], rows)

    # ---- verbs ----

    def verb(self, what, *command, rows, bar="", **options):
        best = min((Run(self.brille, *command, **options) for _ in range(self.options.repeat)),
                   key=lambda run: run.wall)
        rows.append([what, "%.3f" % best.cpu, "%.3f" % best.wall, "%.0f" % best.mib, bar])
        return best

    def lookup_seconds(self, path, address):
        """Of one query in a session: what a thousand take more than one."""
        query = "select type, size, refcount from object where address = %d;\n"
        one = Run(self.brille, "sql", path, text=query % address)
        many = Run(self.brille, "sql", path, text="".join(query % (address + 64 * i) for i in range(1001)))
        return (many.wall - one.wall) / 1000

    def verbs(self):
        rows = []
        a, _, objects, _ = self.make("records6", self.options.size)
        b = self.make("records6", self.options.size * 1.01, "b.heap")[0]
        address = 0x7f0000000000 + 64 * (objects // 2)
        null = {"out": subprocess.DEVNULL}
        repeat, self.options.repeat = self.options.repeat, 1  # once: the next one finds the results in the file
        self.verb("types, the first time", "types", a, rows=rows)
        self.verb("path, the first time", "path", a, hex(address), rows=rows)
        self.options.repeat = repeat
        self.verb("types, reopened", "types", a, rows=rows, bar="0.050")
        self.verb("path, reopened", "path", a, hex(address), rows=rows, bar="0.010")
        self.verb("diff of two", "diff", a, b, rows=rows, bar="2")
        self.verb("sql: count by type", "sql", a, "select type, count(*) from object group by type", rows=rows,
                  bar="1.5")
        rows.append(["sql: object by address, in a session", "", "%.6f" % self.lookup_seconds(a, address), "",
                     "0.001"])
        done = self.verb("export --to heapsnapshot", "export", a, "--to", "heapsnapshot", rows=rows,
                         bar="%.1f" % (objects / 1e6), **null)
        print("heapsnapshot: %.2f M nodes/s of processor time, %.2f of the clock\n" %
              (objects / done.cpu / 1e6, objects / done.wall / 1e6))
        self.verb("leaks of one", "leaks", a, rows=rows)
        self.verb("report of one", "report", a, "-o", self.folder / "out.html", rows=rows)
        print("report: %d bytes\n" % os.path.getsize(self.folder / "out.html"))
        table(["command, %g M objects" % self.options.size, "processor, s", "clock, s", "resident, MiB", "bar, s"],
              rows)

    # ---- reopen ----

    def kept(self, shape, millions):
        """A heap that an earlier call has left, with --heaps."""
        if not self.options.heaps:
            path, _, objects, _ = self.make(shape, millions)
            return path, objects
        path = pathlib.Path(self.options.heaps).resolve() / ("%s-%g.heap" % (shape, millions))
        if not path.exists():
            Run(self.bench_heap, "make", shape, int(millions * 1e6), path)
        return path, int(millions * 1e6)

    def clock(self, *command):
        """The shortest of some runs, by the clock."""
        return min(Run(self.brille, *command, out=subprocess.DEVNULL).wall for _ in range(self.options.repeat))

    def reopen(self):
        rows = []
        for shape in self.options.shapes.split(","):
            for millions in map(float, self.options.sizes.split(",")):
                path, objects = self.kept(shape, millions)
                base, size = 0x7f0000000000, os.path.getsize(path)
                near, far = hex(base + 64 * 200), hex(base + 64 * (objects // 2))
                first = Run(self.brille, "types", path, out=subprocess.DEVNULL).wall
                Run(self.brille, "path", path, near, out=subprocess.DEVNULL)
                row = [shape, "%g M" % millions, "%.2f" % first]
                for command in (["types", path], ["path", path, near], ["path", path, far],
                                ["sql", path, "select type, count(*) from object group by type"]):
                    row.append("%.1f" % (1000 * self.clock(*command)))
                row.append("%.3f" % (1000 * self.lookup_seconds(path, base + 64 * (objects // 4))))
                row.append("%.1f" % (os.path.getsize(path) / objects - size / objects))
                rows.append(row)
                print(*row, sep="\t", file=sys.stderr, flush=True)  # the table comes at the end
                if not self.options.heaps:
                    path.unlink()
        table(["shape", "objects", "types, the first time, s", "types, ms", "path to object 200, ms",
               "path to the middle one, ms", "sql: count by type, ms", "sql: object by address, ms",
               "stored results, B an object"], rows)

    # ---- pages ----

    def process_heap(self, objects):
        """Of a stock CPython with so many objects in a dict of lists."""
        path = self.folder / "process.heap"
        process = self.cpython(objects * 5 // 4)  # an instance has no dict of its own before it is asked for
        run = Run(self.brille, "dump", process.pid, "-o", path, "--json")
        process.stdin.close()
        process.wait()
        done = json.loads(run.out)
        return path, done.get("heap", done)["object_count"]

    def page(self, name, heap, objects, rows):
        out = self.folder / "out.html"
        run = Run(self.brille, "report", heap.name, "-o", out)
        with browser.Browser("--window-size=1280,1000") as chromium:
            begun = time.monotonic()
            page = chromium.open("file://%s" % out)
            page.wait_for("document.readyState == 'complete'", 60)
            opened = time.monotonic() - begun
            if self.options.shots:
                page.screenshot("%s/%s.png" % (self.options.shots, name))
            for key in ("ArrowRight", "ArrowDown", "Enter", "Escape", "s", "t", "t"):
                page.press(key)
            if page.problems or not page.evaluate("document.querySelectorAll('section').length"):
                sys.exit("%s: %s" % (name, page.problems))
            rows.append([name, objects, os.path.getsize(out), "%.2f" % run.wall, "%.2f" % opened,
                         page.evaluate("document.querySelectorAll('*').length"), "none"])
            print(*rows[-1], sep="\t", file=sys.stderr, flush=True)

    def pages(self):
        rows = []
        os.chdir(self.folder)  # the pages show how the heap was named
        for shape in self.options.shapes.split(","):
            for count in (30, int(self.options.size * 1e6)):
                path, _, objects, _ = self.make(shape, count / 1e6)
                self.page("%s-%d" % (shape, count), path, objects, rows)
                path.unlink()
        self.page("process", *self.process_heap(int(self.options.size * 1e6)), rows)
        table(["heap", "objects", "page, bytes", "brille report, s", "to open, s", "elements", "console errors"],
              rows)

    # ---- peers ----

    @staticmethod
    def cpu_of(process):
        """Processor time that a running process has used."""
        with open("/proc/%d/stat" % process.pid, encoding="utf-8") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cpython(self, objects):
        """A stock CPython with so many objects. It calls something now and then: gdb waits for that for PyHeap."""
        program = ("import select, sys\nclass R:\n    def __init__(self, i):\n        self.a, self.b = i + 1000, [str(i)]\n"
                   "keep = [R(i) for i in range(%d)]\nprint('READY', flush=True)\n"
                   "while not select.select([sys.stdin], [], [], 0.01)[0]: eval('1')" % (objects // 5))
        process = subprocess.Popen(["python3", "-c", program], executable=sys.executable, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        process.stdout.readline()
        return process

    def cpython_heap(self, objects):
        process = self.cpython(objects)
        path = self.folder / "cpython.heap"
        run = Run(self.brille, "dump", process.pid, "-o", path, "--json")
        process.stdin.close()
        process.wait()
        done = json.loads(run.out)
        record = done.get("heap", done)
        return path, run, record["object_count"], record["pause_ns"] / 1e9

    def node(self, objects):
        """node's own snapshot of about so many objects: it stands still all the while."""
        script = ("const v8=require('v8');class R{constructor(i){this.a={i};this.b=[String(i)+'x']}}\n"
                  "globalThis.keep=Array.from({length:%d},(_, i)=>new R(i));\n"
                  "const t=process.hrtime.bigint(),c=process.cpuUsage();v8.writeHeapSnapshot(process.argv[1]);\n"
                  "const d=process.cpuUsage(c);console.log(Number(process.hrtime.bigint()-t)/1e9,\n"
                  "(d.user+d.system)/1e6)" % (objects // 5))
        path = self.folder / "node.heapsnapshot"
        run = Run("node", "--max-old-space-size=6000", "-e", script, path)
        head = open(path, encoding="utf-8", errors="replace").read(4000)
        nodes = int(re.search(r'"node_count":(\d+)', head)[1])
        stopped, seconds = map(float, run.out.split())
        return path, seconds, stopped, nodes, run.mib

    def pyheap(self, objects):
        """PyHeap's dumper (gdb runs it inside of the program, which stands still) and its analyser."""
        process = self.cpython(objects)
        checkout, path = pathlib.Path(self.options.pyheap).resolve(), self.folder / "cpython.pyheap"
        before = self.cpu_of(process)
        dumped = Run(sys.executable, checkout / "pyheap/src/pyheap_dump.py", "--pid", process.pid, "--file", path)
        inside = self.cpu_of(process) - before
        process.stdin.close()
        process.wait()
        analysed = Run(sys.executable, checkout / "pyheap-ui/src/analyzer.py", "retained-heap", "--file", path)
        return path, dumped.cpu + inside, dumped.wall, analysed

    def jmap(self, objects):
        source = self.folder / "Keep.java"
        source.write_text("import java.util.*; public class Keep { Object a; List<String> b = new ArrayList<>();\n"
                          "Keep(int i) { a = Integer.valueOf(i + 1000); b.add(Integer.toString(i)); }\n"
                          "public static void main(String[] x) throws Exception { Keep[] all = new Keep[%d];\n"
                          "for (int i = 0; i < all.length; i++) all[i] = new Keep(i);\n"
                          "System.out.println(\"READY\"); System.in.read(); } }" % (objects // 6))
        process = subprocess.Popen(["java", "-XX:+UseSerialGC", str(source)], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        process.stdout.readline()
        path = self.folder / "java.hprof"
        before = self.cpu_of(process)
        run = Run("jmap", "-dump:format=b,file=%s" % path, process.pid)
        seconds = self.cpu_of(process) - before + run.cpu
        histogram = Run("jmap", "-histo", process.pid).out
        process.stdin.close()
        process.wait()
        return path, seconds, run.wall, int(re.search(r"^Total +(\d+)", histogram, re.M)[1])

    def peers(self):
        objects, rows = self.options.objects, []

        def row(what, count, seconds, stopped, mib, size, ours=None):
            rate = count / seconds
            rows.append([what, "%d" % count, "%.2f" % seconds, stopped, "%.2f" % (rate / 1e6),
                         "-" if mib is None else "%.0f" % mib, "%.1f" % (size / count) if size else "-",
                         ("%.1f" if rate > ours / 10 else "%.0f") % (ours / rate) if ours else "1"])
            print(*rows[-1], sep="\t", file=sys.stderr, flush=True)  # the table comes at the end
            return rate

        heap, run, count, pause = self.cpython_heap(objects)
        dump = row("brille dump of a CPython", count, run.cpu, "%.3f" % pause, run.mib, heap.stat().st_size)
        if shutil.which("node"):
            path, seconds, stopped, nodes, mib = self.node(objects)
            row("node writeHeapSnapshot", nodes, seconds, "%.2f" % stopped, mib, path.stat().st_size, dump)
        if shutil.which("jmap"):
            path, seconds, wall, found = self.jmap(objects)
            row("jmap -dump", found, seconds, "most of %.2f" % wall, None, path.stat().st_size, dump)
        reading = Run(self.brille, "dominators", heap, env={"BRILLE_STORE": "never"})
        read = row("brille dominators of the dump", count, reading.cpu, "", reading.mib, 0)
        snapshot = self.folder / "ours.heapsnapshot"
        exported = Run(self.brille, "export", heap, "--to", "heapsnapshot", "-o", snapshot)
        row("brille export --to heapsnapshot", count, exported.cpu, "", exported.mib, snapshot.stat().st_size)
        if (TOOLS / "node_modules/@memlab/core").exists():
            done = Run("node", "--max-old-space-size=12000", HERE / "memlab_retained.js", snapshot,
                       env={"NODE_PATH": str(TOOLS / "node_modules")})
            row("memlab, the same heap: retained sizes", count, done.cpu, "", done.mib, 0, read)
        if (TOOLS / "jfluid-heap.jar").exists():
            hprof = self.folder / "ours.hprof"
            Run(self.brille, "export", heap, "--to", "hprof", "-o", hprof)
            done = Run("java", "-Xmx6g", "-cp", TOOLS / "jfluid-heap.jar", HERE / "Retained.java", hprof)
            row("VisualVM's library, the same heap: retained sizes", count, done.cpu, "", done.mib, 0, read)
        if self.options.pyheap:
            few = objects // 10
            ours, _, count, _ = self.cpython_heap(few)
            path, seconds, wall, analysed = self.pyheap(few)
            row("PyHeap's dumper, a tenth of the objects", count, seconds, "most of %.2f" % wall, None,
                path.stat().st_size, dump)
            row("PyHeap's analyser: retained sizes", count, analysed.cpu, "", analysed.mib, 0, read)
        table(["tool", "objects", "processor, s", "program stands still, s", "M objects/s", "resident, MiB", "file, B each",
               "times slower than brille"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("what", choices=["shapes", "verbs", "reopen", "pages", "peers"])
    parser.add_argument("--sizes", default="1,3,10")
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--size", type=float, default=10)
    parser.add_argument("--objects", type=int, default=300000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--shots", help="pages: a folder for pictures of them")
    parser.add_argument("--heaps", help="reopen: a folder in which heaps are kept from call to call")
    parser.add_argument("--pyheap", help="peers: a checkout of PyHeap")
    parser.add_argument("--folder", default="/tmp")
    options = parser.parse_args()
    options.shots = options.shots and os.path.abspath(options.shots)
    bench = Bench(options)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        getattr(bench, bench.options.what)()
    finally:
        shutil.rmtree(bench.folder)


main()
