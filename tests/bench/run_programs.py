#!/usr/bin/env python3
"""CPU time of the programs beside this file, as ratios to a reference interpreter.

Usage: run_programs.py VM [--reference /usr/bin/python3.11] [--repeat N] [--options "-X trace=all"]
                          [--against VM2] [NAME...]

Runs are interleaved and the median of user + system time is taken, so that a busy machine moves
both sides alike. With --options a third column runs the VM with them; with --against the VM is
compared with another build of itself instead of with the reference.
"""
import argparse
import math
import os
import pathlib
import resource
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent / "programs"


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed: {done.stderr.decode()[-300:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vm")
    parser.add_argument("--reference", default="/usr/bin/python3.11")
    parser.add_argument("--against")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--options")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    base = [args.against] if args.against else [args.reference, "-S", "-E", "-I"]
    sides = {"base": base, "vm": [args.vm]}
    if args.options:
        sides["options"] = [args.vm, *args.options.split()]
    ratios, costs = [], []
    print(f"{'program':14} {'base s':>8} {'vm s':>8} {'ratio':>6}" +
          (f" {'with s':>8} {'/vm':>6}" if args.options else ""))
    for path in sorted(HERE.glob("*.py")):
        if args.names and path.stem not in args.names:
            continue
        times = {side: [] for side in sides}
        for _ in range(args.repeat):
            for side, command in sides.items():
                times[side].append(cpu_seconds([*command, os.fspath(path)]))
        t = {side: statistics.median(values) for side, values in times.items()}
        ratios.append(t["vm"] / t["base"])
        line = f"{path.stem:14} {t['base']:8.3f} {t['vm']:8.3f} {ratios[-1]:6.2f}"
        if args.options:
            costs.append(t["options"] / t["vm"])
            line += f" {t['options']:8.3f} {costs[-1]:6.2f}"
        print(line, flush=True)
    print(f"geomean ratio {geomean(ratios):.3f}, worst {max(ratios):.2f}" +
          (f"; with options {geomean(costs):.3f}, worst {max(costs):.2f}" if costs else ""))


if __name__ == "__main__":
    main()
