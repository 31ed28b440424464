#!/usr/bin/env python3
"""Runs one language test under brille-python and under the reference interpreter.

Usage: run_lang.py BRILLE_PYTHON REFERENCE FILE

The test passes when standard output and exit status are the same. When the status is not 0 the
last line of standard error is compared (an uncaught exception's message); a file that contains the line "# stderr: whole"
has all of it compared, with its own path replaced by FILE. A file that says "# brille only" has
no reference: it prints what is wrong itself and exits with a status other than 0.
"""
import difflib
import os
import subprocess
import sys

LIMIT_SECONDS = 60 * int(os.environ.get("BRILLE_TEST_PATIENCE", "1"))


def run(interpreter, path):
    env = dict(os.environ, PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run(
        [interpreter, path], capture_output=True, timeout=LIMIT_SECONDS, env=env,
        stdin=subprocess.DEVNULL)
    return done.stdout.decode("utf-8", "surrogateescape"), \
        done.stderr.decode("utf-8", "surrogateescape").replace(path, "FILE"), done.returncode


def last_line(text):
    lines = text.rstrip("\n").splitlines()
    return lines[-1] if lines else ""


def show_difference(what, got, want):
    sys.stdout.write(f"{what} differs (- reference, + brille):\n")
    sys.stdout.writelines(
        line + "\n" for line in difflib.unified_diff(
            want.splitlines(), got.splitlines(), "reference", "brille", lineterm="", n=2))


def main():
    brille, reference, path = sys.argv[1:4]
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        source = f.read()
    out, err, status = run(brille, path)
    if "# brille only" in source:
        sys.stdout.write(out + err)
        return 1 if status else 0
    want_out, want_err, want_status = run(reference, path)
    failed = False
    if out != want_out:
        show_difference("stdout", out, want_out)
        failed = True
    if status != want_status:
        print(f"exit status {status}, reference {want_status}")
        failed = True
    if "# stderr: whole" in source:
        if err != want_err:
            show_difference("stderr", err, want_err)
            failed = True
    elif want_status and last_line(err) != last_line(want_err):
        show_difference("last line of stderr", last_line(err), last_line(want_err))
        failed = True
    if failed and err and "# stderr: whole" not in source:
        print("brille's stderr:\n" + err)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
