#!/usr/bin/env python3
"""Differential testing: random programs under brille-python and under /usr/bin/python3.11.

Usage: generate.py [--brille BINARY] [--count N] [--seed S] [--batch N] [--show S] [--keep FOLDER]

Runs programs S .. S + N - 1 (programs.py) in batches, one process a batch and interpreter, and compares what
each printed, line by line: values, types and messages of exceptions. Prints each difference with the seed of its
program; exit status 1 when there was one. --show prints one program. --keep keeps what the reference
printed, so that the next run of the same programs asks only brille-python.
"""
import argparse
import difflib
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import programs

ORACLE = "/usr/bin/python3.11"


def limits():
    if "ASAN_OPTIONS" not in os.environ:
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(interpreter, texts, folder):
    """{number: output}; a program that ends the process has the output "process ended ..."."""
    done = {}
    while len(done) < len(texts):
        source, results = os.path.join(folder, "programs"), os.path.join(folder, "results")
        with open(source, "w", encoding="utf-8") as f:
            json.dump([[number, text] for number, text in texts.items() if number not in done], f)
        with open(results, "w"):
            pass
        env = dict(os.environ, PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")
        process = subprocess.Popen([interpreter, os.path.join(HERE, "run_batch.py"), source, results],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env,
                                   preexec_fn=limits)
        try:
            _, err = process.communicate(timeout=60 + len(texts))
        except subprocess.TimeoutExpired:
            process.kill()
            _, err = process.communicate()
        running = None
        with open(results, encoding="ascii") as f:
            for line in f:
                first, second = json.loads(line)
                if first == "start":
                    running = second
                else:
                    done[first] = second
                    running = None
        if running is not None:
            last = (err.decode("utf-8", "replace").strip().splitlines() or [""])[-1]
            done[running] = f"process ended ({process.returncode}) {last}"
        elif process.returncode:
            sys.exit(f"{interpreter} does not run run_batch.py:\n{err.decode('utf-8', 'replace')}")
    return done


def reference(texts, folder, keep):
    """What the reference prints; out of the folder keep when these programs ran there before."""
    if keep is None:
        return run(ORACLE, texts, folder)
    with open(os.path.join(HERE, "run_batch.py"), encoding="utf-8") as f:
        everything = json.dumps([f.read(), sorted(texts.items())])
    path = os.path.join(keep, hashlib.sha256(everything.encode()).hexdigest())
    if not os.path.exists(path):
        os.makedirs(keep, exist_ok=True)
        with open(path + ".new", "w", encoding="ascii") as f:
            json.dump(list(run(ORACLE, texts, folder).items()), f)
        os.rename(path + ".new", path)
    with open(path, encoding="ascii") as f:
        return dict(json.load(f))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--brille", default=os.path.join(HERE, "../../build-release/brille-python"))
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--show", type=int)
    parser.add_argument("--keep", metavar="FOLDER")
    parser.add_argument("--most", type=int, default=40, help="differences to print")
    args = parser.parse_args()
    if args.show is not None:
        sys.stdout.buffer.write(programs.program(args.show).encode("utf-8", "backslashreplace"))
        return 0
    differences = slow = 0
    with tempfile.TemporaryDirectory(prefix="diff-") as folder:
        for start in range(args.seed, args.seed + args.count, args.batch):
            texts = {n: programs.program(n) for n in range(start, min(start + args.batch, args.seed + args.count))}
            want, got = reference(texts, folder, args.keep), run(args.brille, texts, folder)
            for number in texts:
                if want[number] == got[number]:
                    continue
                if "took too long" in want[number] or "took too long" in got[number]:
                    slow += 1
                    print(f"program {number} took too long", flush=True)
                    continue
                differences += 1
                if differences <= args.most:
                    print(f"program {number} differs (- reference, + brille):")
                    lines = list(difflib.unified_diff(want[number].split("\n"), got[number].split("\n"), n=0, lineterm=""))[3:]
                    print("\n".join(ascii(line)[1:-1][:400] for line in lines[:6]), flush=True)
    print(f"{args.count} programs from seed {args.seed}, {differences} differ, {slow} took too long to compare")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
