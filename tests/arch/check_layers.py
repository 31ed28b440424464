#!/usr/bin/env python3
"""Checks from the include lines that the arrows between the pieces run one way.

    vm -> vm/probe -> tracer/emit -> tracer/abi <- tracer/read <- inspector

Usage: check_layers.py ROOT
"""
import pathlib
import re
import sys

# folder (longest prefix wins) -> prefixes of what it may include
ALLOWED = {
    "tracer/abi": ["tracer/abi"],
    "tracer": [],  # the public header, which is installed alone
    "tracer/emit": ["tracer/abi", "tracer/emit", "tracer/brille_tracer.h"],
    "tracer/read": ["tracer/abi", "tracer/read"],
    "vm/front": ["vm/front"],
    "vm": ["vm", "tracer/abi/objkinds.def"],
    "vm/probe": ["vm", "tracer/abi", "tracer/emit"],
    "inspector/base": ["inspector/base"],
    "inspector/proc": ["inspector/base", "inspector/proc"],
    "inspector/capture": ["inspector/base", "inspector/proc", "inspector/capture"],
    "inspector/model": ["inspector/base", "inspector/model"],
    "inspector/trace": ["inspector/base", "inspector/proc", "inspector/trace", "tracer/read",
                        "tracer/abi"],
    "inspector/analysis": ["inspector/base", "inspector/model", "inspector/analysis"],
    "inspector/export": ["inspector/base", "inspector/model", "inspector/analysis",
                         "inspector/export", "tracer/read"],
    "inspector/lua": ["inspector/base", "inspector/model", "inspector/analysis", "inspector/lua",
                      "tracer/read", "tracer/abi"],
    "inspector/report": ["inspector/base", "inspector/model", "inspector/analysis",
                         "inspector/export", "inspector/trace", "inspector/report"],
    "inspector/sql": ["inspector/base", "inspector/model", "inspector/analysis", "inspector/sql"],
    "inspector/top": ["inspector/base", "inspector/proc", "inspector/model", "inspector/analysis",
                      "inspector/trace", "inspector/target", "inspector/export", "inspector/top",
                      "tracer/read"],
    "inspector": ["inspector", "tracer/read", "tracer/abi"],
    "tests": [""],
    "docs": [],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def rule(path):
    best = max((p for p in ALLOWED if path == p or path.startswith(p + "/")),
               key=len, default=None)
    return ALLOWED.get(best)


def main():
    root = pathlib.Path(sys.argv[1])
    wrong = 0
    for file in sorted(root.glob("**/*.[ch]")):
        path = file.relative_to(root).as_posix()
        if path.startswith("build") or path.startswith("."):
            continue
        allowed = rule(path)
        if allowed is None:
            print(f"{path}: no rule for this folder")
            wrong += 1
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            target = match.group(1)
            if "/" not in target:
                print(f"{path}:{number}: include \"{target}\" by its path from the root")
                wrong += 1
            elif not any(target == a or target.startswith(a + "/") or a == "" for a in allowed):
                print(f"{path}:{number}: may not include {target}")
                wrong += 1
    print(f"{wrong} wrong includes")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
