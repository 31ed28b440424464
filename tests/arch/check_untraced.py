#!/usr/bin/env python3
"""Checks that the untraced loop is the same machine code with tracing compiled in and out, and that
the probes still have all they call when it is out.

Usage: check_untraced.py ROOT CC
"""
import pathlib
import subprocess
import sys
import tempfile

LOOP = "vm/runtime/eval_untraced.c"


WITHOUT = ["-DBRILLE_NO_TRACE=1"]


def compile_file(root, cc, define, source, object_file):
    subprocess.run([cc, "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-fno-strict-aliasing", "-fno-common",
                    "-mno-red-zone", '-DBRILLE_VERSION=""', *define, f"-I{root}", "-c",
                    f"{root}/{source}", "-o", object_file], check=True)


def missing_probes(root, cc):
    """Functions of vm/probe that are called there and defined nowhere, with tracing compiled out."""
    defined, wanted = set(), set()
    with tempfile.TemporaryDirectory() as folder:
        object_file = pathlib.Path(folder) / "probe.o"
        for source in sorted(pathlib.Path(root, "vm/probe").glob("*.c")):
            compile_file(root, cc, WITHOUT, source.relative_to(root), object_file)
            names = subprocess.run(["nm", object_file], check=True, capture_output=True,
                                   text=True).stdout
            for line in names.splitlines():
                kind, name = line.split()[-2:]
                (wanted if kind == "U" else defined).add(name)
    return sorted(name for name in wanted - defined if name.startswith("probe_"))


def disassemble(root, cc, define):
    with tempfile.TemporaryDirectory() as folder:
        object_file = pathlib.Path(folder) / "loop.o"
        compile_file(root, cc, define, LOOP, object_file)
        text = subprocess.run(["objdump", "-dr", "--no-show-raw-insn", object_file],
                              check=True, capture_output=True, text=True).stdout
    return text.split("\n", 3)[3]  # without the line that names the file


def main():
    root, cc = sys.argv[1:3]
    missing = missing_probes(root, cc)
    if missing:
        print("missing where nothing is traced:", ", ".join(missing))
        return 1
    traceable = disassemble(root, cc, [])
    without = disassemble(root, cc, WITHOUT)
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
