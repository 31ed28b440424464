"""Compares the syntax errors of two interpreters over the sources in errors.txt.

usage: compare_errors.py BRILLE_PYTHON REFERENCE_PYTHON

errors.txt holds small sources with lines of four dashes between them. Each interpreter runs
report_errors.py, which compiles all of them and prints one line each; the lines must be equal.
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def report(python):
    done = subprocess.run(
        [python, os.path.join(HERE, "report_errors.py"), os.path.join(HERE, "errors.txt")],
        capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{python} failed: {done.stderr}")
    return done.stdout.splitlines()


def main():
    ours, reference = report(sys.argv[1]), report(sys.argv[2])
    different = [(a, b) for a, b in zip(ours, reference) if a != b]
    for a, b in different:
        print("ours     ", a)
        print("reference", b)
    print(f"{len(reference)} sources, {len(different)} differ")
    return 1 if different or len(ours) != len(reference) else 0


if __name__ == "__main__":
    sys.exit(main())
