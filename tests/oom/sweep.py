"""Fails the n-th allocation of a program, for each n from 1 until the program no longer gets there.

    sweep.py BRILLE_PYTHON PROGRAM [FIRST [LAST]]

It has to end as it does without the failure, or to say that memory ran out.
"""
import os
import subprocess
import sys

SAME_AT_LAST = 400  # so many undisturbed runs one after the other: n lies behind the end
SHOWN = 20
SAYS_SO = (b"MemoryError", b"out of memory")


def run(vm, program, n):
    environment = dict(os.environ, BRILLE_OOM_AT=str(n), PYTHONHASHSEED="1")
    try:
        done = subprocess.run([vm, program], env=environment, capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return "hangs", b"", b""
    return done.returncode, done.stdout, done.stderr


def judge(got, expected):
    """What is wrong with the outcome, or None."""
    status, out, err = got
    if status == "hangs":
        return "hangs"
    if status < 0:
        return f"killed by signal {-status}"
    if any(word in err for word in SAYS_SO):
        return None
    if status != 0:
        return f"status {status} without saying why"
    return None if out == expected[1] else "other output"


def main(vm, program, first=1, last=10**9):
    expected = run(vm, program, 0)
    if expected[0] != 0:
        sys.exit(f"status {expected[0]} without a failing allocation\n{expected[2].decode()}")
    bad, said, same, n = 0, 0, 0, int(first)
    while same < SAME_AT_LAST and n <= int(last):
        got = run(vm, program, n)
        wrong = judge(got, expected)
        same = same + 1 if got == expected else 0
        said += got != expected and not wrong
        if wrong:
            bad += 1
            if bad <= SHOWN:
                print(f"n = {n}: {wrong}: {got[2].decode(errors='replace')[-400:]}", flush=True)
        n += 1
    print(f"{n - int(first)} runs: {said} said that memory ran out, {bad} went wrong")
    sys.exit(bad != 0)


main(*sys.argv[1:])
