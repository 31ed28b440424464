#!/usr/bin/env python3
"""What everything on costs with a recorder attached, and how large the traces are.

Usage: bench_traced.py VM BENCH_READER BRILLE [--repeat N] [--folder DIR] [NAME...]

Each program is run in turns without tracing and with all classes on, recorded by another process
into DIR (default /dev/shm, so that no disk is measured). CPU and elapsed time are those of the
program; medians, as ratios. Then the bytes of the trace of one run for each refcount event in it:
of all events, and of a recording of refcounts alone (-e refcount).
"""
import argparse
import math
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent / "programs"


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def untraced(vm, path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    subprocess.run([vm, path], stdout=subprocess.DEVNULL, check=True)
    wall = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def traced(vm, reader, path, trace):
    # What the program prints precedes the one line of the figures.
    out = subprocess.run([reader, "traced", trace, vm, path], stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    cpu, wall, waits, dropped = out.splitlines()[-1].split()
    return float(cpu), float(wall), int(waits), int(dropped)


def bytes_an_event(brille, reader, path, trace, classes):
    subprocess.run([brille, "run", "-e", classes, "-o", trace, path], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True)
    done = subprocess.run([reader, "count", trace], stdout=subprocess.PIPE, text=True, check=True)
    return os.path.getsize(trace) / int(done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vm")
    parser.add_argument("reader")
    parser.add_argument("brille")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--folder", default="/dev/shm")
    parser.add_argument("--no-sizes", action="store_true")
    parser.add_argument("--no-times", action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    trace = os.path.join(args.folder, f"bench-{os.getpid()}.trace")
    ratios, walls, sizes = [], [], []
    print(f"{'program':14} {'cpu s':>7} {'traced':>7} {'ratio':>6} {'elapsed':>8} {'waits':>6} "
          f"{'dropped':>8} {'B/event all':>12} {'refcount':>9}")
    for path in sorted(HERE.glob("*.py")):
        if args.names and path.stem not in args.names:
            continue
        line = f"{path.stem:14}"
        try:
            if not args.no_times:
                plain, with_reader = [], []
                for _ in range(args.repeat):
                    plain.append(untraced(args.vm, path))
                    with_reader.append(traced(args.vm, args.reader, path, trace))
                base = statistics.median(cpu for cpu, _ in plain)
                cost = statistics.median(run[0] for run in with_reader)
                ratios.append(cost / base)
                walls.append(statistics.median(run[1] for run in with_reader) /
                             statistics.median(wall for _, wall in plain))
                line += (f" {base:7.3f} {cost:7.3f} {ratios[-1]:6.2f} {walls[-1]:8.2f} "
                         f"{max(run[2] for run in with_reader):6} "
                         f"{max(run[3] for run in with_reader):8}")
            if not args.no_sizes:
                both = [bytes_an_event(args.brille, args.reader, path, trace, classes)
                        for classes in ("all", "refcount")]
                sizes.append(both)
                line += f" {both[0]:12.2f} {both[1]:9.2f}"
        finally:
            if os.path.exists(trace):
                os.unlink(trace)
        print(line, flush=True)
    if ratios:
        print(f"CPU: geomean {geomean(ratios):.3f}, worst {max(ratios):.2f}; "
              f"elapsed: geomean {geomean(walls):.3f}, worst {max(walls):.2f}")
    if sizes:
        print(f"bytes a refcount event: all {geomean([s[0] for s in sizes]):.2f}, worst "
              f"{max(s[0] for s in sizes):.2f}; refcount alone "
              f"{geomean([s[1] for s in sizes]):.2f}, worst {max(s[1] for s in sizes):.2f}")


if __name__ == "__main__":
    sys.exit(main())
