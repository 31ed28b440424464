#!/usr/bin/env python3
"""How many lines of source an interpreter compiles in a second of processor time.

Usage: bench_compile.py VM [--reference /usr/bin/python3.11] [--repeat N]

The files are the pure-Python modules behind `import unittest`, read beforehand; each is compiled
once a round, and the best round counts. With a reference the same is done there.
"""
import argparse
import subprocess

INSIDE = r"""
import sys, time, unittest, unittest.mock
files = sorted(m.__file__ for m in list(sys.modules.values())
               if (getattr(m, '__file__', None) or '').endswith('.py'))
sources = []
for name in files:
    with open(name, encoding='utf-8') as f:
        sources.append((f.read(), name))
lines = sum(text.count('\n') for text, _ in sources)
best = None
for _ in range(ROUNDS):
    begun = time.process_time()
    for text, name in sources:
        compile(text, name, 'exec', dont_inherit=True)
    took = time.process_time() - begun
    best = took if best is None or took < best else best
print(len(files), lines, best)
"""


def measure(interpreter, rounds):
    done = subprocess.run([interpreter, "-c", INSIDE.replace("ROUNDS", str(rounds))],
                          capture_output=True, text=True, check=True)
    files, lines, seconds = done.stdout.split()
    return int(files), int(lines), float(seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vm")
    parser.add_argument("--reference")
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    for interpreter in filter(None, (args.vm, args.reference)):
        files, lines, seconds = measure(interpreter, args.repeat)
        print(f"{interpreter}: {files} files, {lines} lines, {seconds * 1000:.0f} ms, "
              f"{lines / seconds / 1e6:.2f} M lines/s")


if __name__ == "__main__":
    main()
