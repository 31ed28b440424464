#!/usr/bin/env python3
"""Checks that the untraced loop is the same machine code with tracing compiled in and out.

Usage: check_untraced.py ROOT CC
"""
import pathlib
import subprocess
import sys
import tempfile

LOOP = "vm/runtime/eval_untraced.c"


def disassemble(root, cc, define):
    with tempfile.TemporaryDirectory() as folder:
        object_file = pathlib.Path(folder) / "loop.o"
        subprocess.run([cc, "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-fno-strict-aliasing",
                        "-fno-common", "-mno-red-zone", *define, f"-I{root}", "-c", f"{root}/{LOOP}", "-o",
                        object_file], check=True)
        text = subprocess.run(["objdump", "-dr", "--no-show-raw-insn", object_file],
                              check=True, capture_output=True, text=True).stdout
    return text.split("\n", 3)[3]  # without the line that names the file


def main():
    root, cc = sys.argv[1:3]
    traceable = disassemble(root, cc, [])
    without = disassemble(root, cc, ["-DBRILLE_NO_TRACE=1"])
    lines = traceable.count("\n")
    if lines < 1000:
        print(f"only {lines} lines of code: the loop is missing")
        return 1
    if traceable == without:
        print(f"{lines} lines of machine code, identical")
        return 0
    for number, (a, b) in enumerate(zip(traceable.split("\n"), without.split("\n"))):
        if a != b:
            print(f"first difference at line {number}:\n  with    {a}\n  without {b}")
            break
    return 1


if __name__ == "__main__":
    sys.exit(main())
