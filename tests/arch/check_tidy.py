#!/usr/bin/env python3
"""House rules that a machine can check. Usage: check_tidy.py ROOT

 - every .c and .h file begins with a comment that says what it is; a .c file may leave that to the
   header of the same name, which it then includes first
 - banned calls (unbounded or not thread-safe) do not occur outside tests
 - every folder with sources has a README.md
 - no open ends are left in comments
"""
import pathlib
import re
import sys

BANNED = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca|tmpnam|mktemp)\s*\(")
COMMENT = ("/*", "//")
OPEN_END = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def main():
    root = pathlib.Path(sys.argv[1])
    wrong = []
    folders = set()
    for piece in ("tracer", "vm", "inspector", "tests", "plugins"):
        for file in sorted((root / piece).glob("**/*.[ch]")):
            path = file.relative_to(root).as_posix()
            text = file.read_text(encoding="utf-8")
            folders.add(file.parent)
            header = file.with_suffix(".h")
            by_header = (file.suffix == ".c" and text.startswith("#include") and header.exists()
                         and header.read_text(encoding="utf-8").startswith(COMMENT))
            if not text.startswith(COMMENT) and not by_header:
                wrong.append(f"{path}:1: no comment that says what this file is")
            for number, line in enumerate(text.splitlines(), 1):
                if piece != "tests" and BANNED.search(line) and not line.lstrip().startswith(("*", "/*")):
                    wrong.append(f"{path}:{number}: banned call")
                if OPEN_END.search(line):
                    wrong.append(f"{path}:{number}: open end")
    for folder in sorted(folders):
        if not (folder / "README.md").exists():
            wrong.append(f"{folder.relative_to(root)}: no README.md")
    print("\n".join(wrong))
    print(f"{len(wrong)} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
