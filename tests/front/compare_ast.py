"""Compares the trees of the front end with those of the ast module, for real source files.

usage: compare_ast.py FRONT_DUMP [--positions] PATH...

Runs under the CPython 3.11 that is the oracle. A directory stands for all .py files below it. Files
that this CPython refuses are compared by their being refused. With --positions the line and column
attributes are compared too, except in files with f-strings, where 3.11 has positions of its own.
Prints each file that differs and a summary; the exit status is 1 when any did.
"""
import ast
import os
import subprocess
import sys
import warnings


def files_of(paths):
    for path in paths:
        if os.path.isdir(path):
            for folder, _, names in sorted(os.walk(path)):
                for name in sorted(names):
                    if name.endswith(".py"):
                        yield os.path.join(folder, name)
        else:
            yield path


def main():
    args = sys.argv[1:]
    positions = "--positions" in args
    args = [a for a in args if a != "--positions"]
    dump, paths = args[0], args[1:]
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(20000)
    total = different = refused = 0
    for path in files_of(paths):
        with open(path, "rb") as file:
            source = file.read()
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            tree = None
        attributes = positions and tree is not None and not any(
            isinstance(node, ast.JoinedStr) for node in ast.walk(tree))
        ours = subprocess.run([dump] + ["-a"] * attributes + [path], capture_output=True)
        total += 1
        if tree is None:
            refused += 1
            same = ours.returncode == 1
        else:
            expected = ast.dump(tree, include_attributes=attributes).encode(
                "utf-8", "surrogatepass")
            same = ours.returncode == 0 and ours.stdout.rstrip(b"\n") == expected
        if not same:
            different += 1
            print(f"differs: {path}")
            if ours.returncode != 0:
                print("   ", ours.stdout[:300].decode("utf-8", "replace").strip())
                print("   ", ours.stderr[-300:].decode("utf-8", "replace").strip())
            elif tree is not None:
                pairs = zip(ours.stdout, expected)
                at = next((i for i, (a, b) in enumerate(pairs) if a != b), 0)
                start = max(at - 60, 0)
                print("    ours    ", ours.stdout[start:at + 60])
                print("    expected", expected[start:at + 60])
    print(f"{total} files, {refused} refused by both, {different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
