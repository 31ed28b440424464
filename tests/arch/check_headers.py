#!/usr/bin/env python3
"""Checks that every header compiles alone. Usage: check_headers.py ROOT CC [FLAG...]"""
import concurrent.futures
import pathlib
import subprocess
import sys

# Included by others in the middle of a file, by design.
FRAGMENTS = {"vm/runtime/eval_loop.h", "vm/object/list_sort_impl.h"}


def check(job):
    root, header, cc, flags = job
    done = subprocess.run(
        [cc, "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", f"-I{root}", *flags, "-x", "c", "-"],
        input=f'#include "{header}"\n', capture_output=True, text=True)
    return header, done.returncode, done.stderr


def main():
    root, cc, flags = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    headers = []
    for piece in ("tracer", "vm", "inspector", "tests"):
        headers += [p.relative_to(root).as_posix() for p in sorted((root / piece).glob("**/*.h"))]
    jobs = [(root, h, cc, flags) for h in headers if h not in FRAGMENTS]
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for header, status, message in pool.map(check, jobs):
            if status:
                wrong += 1
                print(f"{header} does not compile alone:\n{message}")
    print(f"{len(jobs)} headers, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
