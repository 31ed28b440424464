#!/usr/bin/env python3
"""Every C file is as clang-format leaves it. Usage: check_format.py ROOT CLANG_FORMAT"""
import pathlib
import subprocess
import sys


def main():
    root = pathlib.Path(sys.argv[1])
    files = [str(file) for piece in ("tracer", "vm", "inspector", "tests", "docs")
             for file in sorted((root / piece).glob("**/*.[ch]"))]
    done = subprocess.run([sys.argv[2], "--dry-run", "-Werror", *files], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    wrong = sorted({line.split(":")[0] for line in done.stdout.splitlines() if "error:" in line})
    print("\n".join(f"{file}: clang-format -i would change it" for file in wrong))
    print(f"{len(files)} files, {len(wrong)} not formatted")
    return 1 if wrong or done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
