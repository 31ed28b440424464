#!/usr/bin/env python3
"""What one refcount event adds to a running program, in nanoseconds.

Usage: bench_refcount.py VM REPLAY_CHECK [--repeat N] [--turns N]

A loop assigns lists, dicts and sets to local names, which is two events an assignment and nothing
else: it iterates over a list of None, whose counts are immortal. Its CPU time is taken without
tracing and with -X trace=refcount (flight recorder, nobody attached), in turns; the difference is
divided by the number of events, which the replay checker counts. Median and least are printed.
"""
import argparse
import re
import resource
import statistics
import subprocess
import sys
import tempfile

PROGRAM = """
import sys
def loop(turns):
    a, b, c, d = [], {}, set(), [1]
    w = x = y = z = a
    for _ in turns:
        w = a; x = b; y = c; z = d
        w = b; x = c; y = d; z = a
for _ in range(int(sys.argv[1])):
    loop([None] * 1000)
"""


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def count_events(replay_check, vm, program, rounds):
    out = subprocess.run([replay_check, "--every", "0", vm, program, str(rounds)],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    return int(re.search(r"^(\d+) events", out, re.M).group(1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vm")
    parser.add_argument("replay_check")
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--turns", type=int, default=5000, help="thousands of turns of the loop")
    args = parser.parse_args()
    with tempfile.NamedTemporaryFile("w", suffix=".py") as program:
        program.write(PROGRAM)
        program.flush()
        few = count_events(args.replay_check, args.vm, program.name, 1)
        more = count_events(args.replay_check, args.vm, program.name, 11)
        events = (more - few) / 10 * args.turns
        plain, traced = [], []
        for _ in range(args.repeat):
            plain.append(cpu_seconds([args.vm, program.name, str(args.turns)]))
            traced.append(cpu_seconds([args.vm, "-X", "trace=refcount", program.name,
                                       str(args.turns)]))
    added = [(t - p) / events * 1e9 for t, p in zip(traced, plain)]
    print(f"{events / args.turns / 1000:.2f} events a turn; untraced {statistics.median(plain):.3f} s, "
          f"traced {statistics.median(traced):.3f} s; "
          f"{statistics.median(added):.2f} ns an event, least {min(added):.2f}")


if __name__ == "__main__":
    sys.exit(main())
