#!/usr/bin/env python3
"""CPU time of the programs beside this file, as ratios to a reference interpreter.

Usage: run_programs.py VM [--set programs|suite] [--reference /usr/bin/python3.11] [--repeat N]
                          [--options "-X trace=all"] [--against VM2] [--instructions]
                          [--without-imports] [NAME...]

A program whose output is not the same on both sides, its hashes fixed, is an error. Runs are interleaved and the median of user + system time is taken, so that a busy machine moves
both sides alike. With --options a third column runs the VM with them; with --against the VM is
compared with another build of itself instead of with the reference. --instructions counts, by
perf, millions of user instructions instead of seconds of time: no other load moves those.
--without-imports takes off what starting and the program's import statements cost, as pyperformance
does: the reference reads compiled modules from its cache, and the VM compiles their source.
"""
import argparse
import ast
import math
import os
import pathlib
import resource
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


def run(command):
    # Hashes are fixed for programs that print what the order of a set decides.
    environ = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed: {done.stderr.decode()[-300:]}")
    return done


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def mega_instructions(command):
    done = run(["perf", "stat", "-x,", "-e", "instructions:u", *command])
    return int(done.stderr.decode().rsplit("\n", 2)[-2].split(",")[0]) / 1e6, done.stdout


def imports_of(path):
    tree = ast.parse(path.read_text())
    wanted = [n for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom))]
    return "\n".join(map(ast.unparse, wanted))


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vm")
    parser.add_argument("--set", choices=["programs", "suite"], default="programs")
    parser.add_argument("--without-imports", action="store_true")
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--reference", default="/usr/bin/python3.11")
    parser.add_argument("--against")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--options")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    base = [args.against] if args.against else [args.reference, "-S"]
    sides = {"base": base, "vm": [args.vm]}
    if args.options:
        sides["options"] = [args.vm, *args.options.split()]
    measure, unit = (mega_instructions, "M") if args.instructions else (cpu_seconds, "s")
    ratios, costs = [], []
    print(f"{'program':14} {'base ' + unit:>8} {'vm ' + unit:>8} {'ratio':>6}" +
          (f" {'with s':>8} {'/vm':>6}" if args.options else ""))
    for path in sorted((HERE / args.set).glob("*.py")):
        if args.names and path.stem not in args.names:
            continue
        times, outputs = {side: [] for side in sides}, set()
        for _ in range(args.repeat):
            for side, command in sides.items():
                time, output = measure([*command, os.fspath(path)])
                if args.without_imports:
                    time -= measure([*command, "-c", imports_of(path)])[0]
                times[side].append(time)
                outputs.add(output)
        if len(outputs) > 1:
            sys.exit(f"{path.stem} does not print the same on both sides")
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
