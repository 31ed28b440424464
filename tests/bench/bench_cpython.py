#!/usr/bin/env python3
"""Every figure that brille owes about a stock CPython, for each version on this machine, beside the
bar that it has to pass.

Usage: bench_cpython.py [--build DIR] [--versions 3.11.2,3.13.0] [--markdown] [--json FILE] [PART...]

    truth     objects, references, counts and sizes against what the process says of itself
              (tests/e2e/cpython_truth.py, the same code)
    pause     a process of 1 GiB in pages of 4 KiB, cloned and copied: as brille reports it, and as a
              loop inside the process sees it that looks at the clock all the time
    million   the same for a million objects, cloned
    threads   how much longer the stop of a process with 201 threads is than that of one with 1
    speed     from the command to the finished file; the processor time is what a busy machine does
              not spoil
    memory    what brille uses at its peak, as a share of what the process has: all that is in its memory,
              pages of files that it has mapped included, and what of it is no file's; how much it writes
              to files without names meanwhile; how much of the frozen clone has come apart from the
              process when it has been read
    inside    the same heap by gc.get_objects() and gc.get_referents() in the process: how much longer
              that takes, and stops the process
    pyheap    the same by PyHeap through gdb (--pyheap FOLDER, of its src/pyheap_dump.py): how much
              longer the stop is. Up to CPython 3.12

The pauses are medians. "seen" is the gap in the process around the instant that the heap is of; a
gap that is not brille's (a second busy process, a host that stops its guest) is in it as well.
"""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from bench_support import HERE, MS, Dump, Target, small_pages, smaps_mib

sys.path.insert(0, str(HERE.parent / "e2e"))
import cpython_truth  # noqa: E402
import cpythons  # noqa: E402

# Name, what it is, unit, bar: least (+) or most (-); None is only told.
FIGURES = {
    "nodes": ("objects of the process found", "%", +99.99),
    "edges found": ("references of the process found", "%", +99.98),
    "edges true": ("references that are the process's", "%", +99.9),
    "counts explained": ("counts fully explained", "%", +99.5),
    "sizes": ("sys.getsizeof equal", "%", +99.9),
    "clone": ("stop, 1 GiB, clone", "ms", -50),
    "clone seen": ("... seen from inside", "ms", -50),
    "copy": ("stop, 1 GiB, --no-fork", "ms", -250),
    "copy seen": ("... seen from inside", "ms", -250),
    "million": ("stop, a million objects", "ms", -10),
    "million seen": ("... seen from inside", "ms", -10),
    "thread": ("stop, for each further thread", "us", -20),
    "speed": ("objects a second, whole dump", "M/s", +1.5),
    "speed cpu": ("objects a second of processor time", "M/s", None),
    "memory": ("brille's memory at its peak, of the process's", "%", -10),
    "anonymous": ("... without pages of files", "%", None),
    "peak": ("brille's memory at its peak", "MiB", None),
    "spooled": ("files without names, when the heap has been walked", "MiB", None),
    "shared before": ("clone's memory that is shared, at first", "%", None),
    "shared after": ("... when it has been read", "%", +99),
    "inside time": ("get_referents closure in the process, times as long", "x", None),
    "inside pause": ("... and stops the process times as long", "x", None),
    "inside memory": ("... and takes, of the process's memory", "%", None),
    "pyheap pause": ("PyHeap stops the process times as long", "x", None),
}

REPEATS = 15
SMALL_BYTES = 78
MILLION = 1_000_000
PYHEAP_SECONDS = 300


class Bench:
    def __init__(self, args, interpreter, scratch):
        self.brille = args.build / "brille"
        self.args = args
        self.python = interpreter
        self.path = os.path.join(scratch, "bench.heap")
        self.got = {}

    def note(self, name, value):
        self.got[name] = value
        what, unit, bar = FIGURES[name]
        verdict = "" if bar is None else f"{'at least' if bar > 0 else 'at most'} {abs(bar):g}"
        shown = f"{value:10.4f}" if unit == "%" else f"{value:10.4g}"
        print(f"    {what:52} {shown} {unit:4} {verdict:16} {self.verdict(name)}", flush=True)

    def verdict(self, name):
        bar = FIGURES[name][2]
        if bar is None:
            return ""
        return "holds" if (self.got[name] >= bar if bar > 0 else self.got[name] <= -bar) else "FAILS"

    def target(self, what, mib, objects, threads=0):
        return Target(self.python.path, what, mib, objects, threads, options=("-I",),
                      pages=small_pages)

    def dump(self, target, *options, **more):
        return Dump(self.brille, target.pid, self.path, "--wait", "10s", *options, **more)

    def pauses(self, target, count, *options):
        """Medians of what is reported and of what the process saw."""
        reported, seen = [], []
        for _ in range(count):
            time.sleep(0.3)
            dump = self.dump(target, *options)
            time.sleep(0.1)
            reported.append(dump["pause_ns"] / MS)
            seen.append(target.longest(dump["taken_unix_ns"], dump["taken_unix_ns"] + 1) / MS)
        if self.args.verbose:
            print("   ", options, [f"{a:.2f}/{b:.2f}" for a, b in zip(reported, seen)])
        return statistics.median(reported), statistics.median(seen)

    # ---- parts ----

    def truth(self):
        _, _, scores = cpython_truth.take(str(self.brille), self.python, str(HERE.parent / "e2e"))
        for name in ("nodes", "edges found", "edges true", "counts explained", "sizes"):
            self.note(name, 100 * scores[name].share)

    def pause(self):
        objects = int(0.1 * self.args.mib * 2**20 / SMALL_BYTES)
        with self.target("beat", self.args.mib, objects) as target:
            print(f"    {target.smaps('Rss'):.0f} MiB, of it in huge pages "
                  f"{target.smaps('AnonHugePages'):.0f}")
            clone, clone_seen = self.pauses(target, REPEATS)
            copy, copy_seen = self.pauses(target, REPEATS // 3, "--no-fork")
        self.note("clone", clone)
        self.note("clone seen", clone_seen)
        self.note("copy", copy)
        self.note("copy seen", copy_seen)

    def million(self):
        with self.target("beat", 0, MILLION) as target:
            reported, seen = self.pauses(target, REPEATS)
        self.note("million", reported)
        self.note("million seen", seen)

    def threads(self):
        pauses = {}
        for count in (0, 200):
            with self.target("sleep", 0, 0, count) as target:
                pauses[count] = min(self.dump(target)["pause_ns"] for _ in range(2 * REPEATS))
        self.note("thread", (pauses[200] - pauses[0]) / 200 / 1000)

    def speed(self):
        with self.target("sleep", 0, self.args.objects) as target:
            dumps = [self.dump(target) for _ in range(5)]
        self.note("speed", max(dump["object_count"] / dump.seconds for dump in dumps) / 1e6)
        self.note("speed cpu",
                  max(dump["object_count"] / dump.cpu_seconds for dump in dumps) / 1e6)

    def memory(self):
        with self.target("sleep", 0, self.args.objects) as target:
            has = target.smaps("Rss")
            used = {}
            dump = self.dump(target, watch=lambda brille: look_at_memory(brille, used))
            seen = []
            self.dump(target, watch=lambda brille: look_at_clone(target.pid, brille, seen))
        print(f"    the process has {has:.0f} MiB, the file "
              f"{dump['file_bytes'] / 2**20:.0f} MiB, {dump['object_count']} objects")
        self.note("memory", 100 * used["VmHWM"] / has)
        self.note("anonymous", 100 * used["RssAnon"] / has)
        self.note("peak", used["VmHWM"])
        self.note("spooled", used["spooled"])
        if len(seen) > 1:
            self.note("shared before", seen[0])
            self.note("shared after", seen[-1])

    def inside(self):
        with self.target("sleep", 0, MILLION) as target:
            has = target.smaps("Rss")
            dumps = [self.dump(target) for _ in range(3)]
        with self.target("closure", 0, MILLION) as target:
            seconds, count, took = target.answer("closure")
        print(f"    in the process: {seconds:.2f} s for {count:.0f} objects; brille: "
              f"{dumps[0]['object_count']} objects")
        self.note("inside time", seconds / min(dump.seconds for dump in dumps))
        self.note("inside pause", seconds * 1e9 / statistics.median(d["pause_ns"] for d in dumps))
        self.note("inside memory", 100 * took / 2**20 / has)

    def pyheap(self):
        if not self.args.pyheap or self.python.version >= (3, 13):
            return
        with self.target("evaluate", 0, self.args.pyheap_objects) as target:
            ours = self.pauses(target, 5)[1]
            begin = time.time_ns()
            done = subprocess.run(
                ["timeout", str(PYHEAP_SECONDS), sys.executable,
                 os.path.join(self.args.pyheap, "src", "pyheap_dump.py"), "--pid", str(target.pid),
                 "--file", self.path + ".pyheap"], capture_output=True, text=True)
            end = time.time_ns()
            time.sleep(0.2)
            theirs = target.longest(begin, end) / MS
        if done.returncode:
            print(f"    PyHeap failed: status {done.returncode} after {(end - begin) / 1e9:.0f} s, "
                  f"{(done.stdout + done.stderr)[-400:]}")
            return
        print(f"    PyHeap: stop {theirs:.0f} ms, whole {(end - begin) / 1e9:.1f} s, of "
              f"{self.args.pyheap_objects} objects; brille: stop {ours:.2f} ms")
        self.note("pyheap pause", theirs / ours)


PARTS = ("truth", "pause", "million", "threads", "speed", "memory", "inside", "pyheap")


def look_at_memory(brille, used):
    """Notes the most of everything, in MiB. The peak that wait4 reports begins with what this program
    has, of which brille was a copy for an instant."""
    with contextlib.suppress(OSError):
        if os.readlink(f"/proc/{brille.pid}/exe") != os.path.realpath(brille.args[0]):
            return True
        with open(f"/proc/{brille.pid}/status", encoding="ascii") as status:
            for line in status:
                name, _, value = line.partition(":")
                if name in ("VmHWM", "RssAnon"):
                    used[name] = max(used.get(name, 0), int(value.split()[0]) / 1024)
        spooled = 0
        with os.scandir(f"/proc/{brille.pid}/fd") as files:
            for file in files:
                with contextlib.suppress(OSError):
                    if os.readlink(file.path).endswith(" (deleted)"):
                        spooled += file.stat().st_blocks * 512 / 2**20
        used["spooled"] = max(used.get("spooled", 0), spooled)
    return is_running(brille)


def is_running(brille):
    return os.waitid(os.P_PID, brille.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def look_at_clone(pid, brille, seen):
    """Notes which share of the frozen clone's own memory is shared with the process."""
    with contextlib.suppress(OSError, TypeError, ZeroDivisionError):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
            for child in children.read().split():
                shared = smaps_mib(child, "Shared_Dirty")
                seen.append(100 * shared / (shared + smaps_mib(child, "Private_Dirty")))
    return is_running(brille)


def markdown(results):
    versions = list(results)
    print("\n| figure | bar | " + " | ".join(versions) + " |\n|---|---|" + "---|" * len(versions))
    for name, (what, unit, bar) in FIGURES.items():
        values = [results[version].get(name) for version in versions]
        if any(value is not None for value in values):
            limit = "" if bar is None else f"{'≥' if bar > 0 else '≤'} {abs(bar):g} {unit}"
            shown = (f"{value:.6g} {unit}" if unit == "%" and value and value > 99
                     else f"{value:.3g} {unit}" if value is not None else "" for value in values)
            print(f"| {what} | {limit} | " + " | ".join(shown) + " |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent.parent / "build-release")
    parser.add_argument("--versions", help="as 3.11.2,3.13.0 (default all that are found)")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--objects", type=int, default=4_000_000)
    parser.add_argument("--pyheap", metavar="FOLDER")
    parser.add_argument("--pyheap-objects", type=int, default=50_000)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    args = parser.parse_args()
    if not set(PARTS) >= set(args.parts):
        parser.error(f"the parts are {', '.join(PARTS)}")
    results, failed = {}, 0
    for interpreter in cpythons.find():
        if args.versions and interpreter.name not in args.versions.split(","):
            continue
        print(f"CPython {interpreter}", flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            bench = Bench(args, interpreter, scratch)
            for part in args.parts or PARTS:
                getattr(bench, part)()
        results[interpreter.name] = bench.got
        failed += sum(bench.verdict(name) == "FAILS" for name in bench.got)
    if args.markdown:
        markdown(results)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(results, indent=1), encoding="utf-8")
    sys.exit(failed > 0)


main()
