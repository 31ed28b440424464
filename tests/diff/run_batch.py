"""Runs programs FIRST to LAST - 1 of a seed, each in a namespace of its own, and prints what each printed.

Usage: run_batch.py PROGRAMS RESULTS

PROGRAMS holds a JSON list of [number, text]; RESULTS gets a JSON line [number, output] for each, so that
a crash shows which one was running. Runs under both interpreters.
"""
import json
import re
import signal
import sys

ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
SECONDS = 10  # of processor time, so that a busy machine does not matter


def plain(value, depth=0):
    """repr, with sets in a fixed order and long texts cut."""
    kind = type(value)
    if depth < 4:
        if kind in (set, frozenset):
            return kind.__name__ + "{" + ", ".join(sorted(plain(v, depth + 1) for v in value)) + "}"
        if kind is list and set(map(type, value)) == {str} and ADDRESS.search("".join(value)):
            return repr(["".join(value)])  # the letters of an address
        if kind is list and any(type(v) is str and ADDRESS.search(v) for v in value):
            # They may come from a set, which orders them by what their addresses are.
            return "[" + ", ".join(sorted(ADDRESS.sub("0xADDRESS", plain(v, depth + 1)) for v in value)) + "]"
        if kind is list:
            return "[" + ", ".join(plain(v, depth + 1) for v in value) + "]"
        if kind is tuple:
            return "(" + ", ".join(plain(v, depth + 1) for v in value) + ")"
        if kind is dict:
            return "{" + ", ".join(plain(k, depth + 1) + ": " + plain(v, depth + 1) for k, v in value.items()) + "}"
    text = repr(value)
    return text if len(text) < 2000 else f"{text[:900]}...{len(text)}...{text[-900:]}"


def run(text):
    out = []

    def show(*values):
        if len(out) < 500:
            out.append(" ".join(plain(v) for v in values))

    def fail(error):
        try:
            said = str(error)
        except Exception as e:
            said = "str() fails: " + type(e).__name__
        out.append(f"! {type(error).__name__}: {said[:2000]}")

    space = {"show": show, "fail": fail, "print": lambda *a, **k: show("print", a, k), "input": 0, "__name__": "program"}
    try:
        exec(compile(text, "<program>", "exec"), space)
    except Exception as error:
        fail(error)
    space.clear()
    return ADDRESS.sub("0xADDRESS", "\n".join(out))


late = []  # True, when the program that runs took too long: it may have caught the exception


def too_long(signum, frame):
    late.append(True)
    raise MemoryError("took too long")


def main():
    signal.signal(signal.SIGPROF, too_long)
    import warnings
    warnings.simplefilter("ignore")
    with open(sys.argv[1], encoding="utf-8") as f:
        programs = json.load(f)
    with open(sys.argv[2], "a", encoding="ascii") as results:
        for number, text in programs:
            results.write(json.dumps(["start", number]) + "\n")
            results.flush()
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            late.clear()
            output = run(text)
            signal.setitimer(signal.ITIMER_PROF, 0)
            if late:
                output = "took too long"
            results.write(json.dumps([number, output]) + "\n")


main()
