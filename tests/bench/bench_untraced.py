#!/usr/bin/env python3
"""Instructions that whole programs execute with tracing compiled in and switched off, as ratios to
a build without it (preset notrace), counted by callgrind, which repeats exactly.

Usage: bench_untraced.py VM VM_WITHOUT_TRACING [NAME...]
"""
import math
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent / "programs"


def instructions(vm, program):
    run = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", vm,
                          os.fspath(program)],
                         env=dict(os.environ, PYTHONHASHSEED="0"),  # the same collisions in both
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode or not found:
        sys.exit(f"{vm} {program} failed under callgrind: {run.stderr[-300:]}")
    return int(found.group(1))


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    vm, without, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    ratios = []
    for program in sorted(HERE.glob("*.py")):
        if names and program.stem not in names:
            continue
        a, b = instructions(vm, program), instructions(without, program)
        ratios.append(a / b)
        print(f"{program.stem:14} {b:14,} {a:14,}  {ratios[-1]:.4f}", flush=True)
    geomean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    print(f"geomean {geomean:.4f}, worst {max(ratios):.4f}")


if __name__ == "__main__":
    main()
