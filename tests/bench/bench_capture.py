#!/usr/bin/env python3
"""What a capture of a brille-python costs: its pause, its speed, and the size of its file.

Usage: bench_capture.py [--build DIR] [--processes N] [--dumps N] [--mib MIB] [--objects N] [PART...]

    first      one dump of each of --processes processes with a heap of MIB MiB
    repeated   --dumps dumps of one such process, which changes its heap all the time
    speed      whole `brille dump` of a heap of small objects; the processor time is what a busy
               machine does not spoil

The pause is read twice: as brille reports it, and as a loop inside the program sees it, which looks
at the clock all the time (capture_target.py): its gap around the instant at which the heap was
taken, and the longest of all gaps during the dump.

That longest gap has two causes that are not the stop: a machine with a second busy process, and a
virtual machine that its host stops now and then when it is busy. So each dump has a control: the
longest gap in the same program while *another* process of the same kind is dumped, which gives the
machine the same work and stops the program not at all. "stolen" is the time that the host kept from
all processors during the dump, by /proc/stat.
"""
import argparse
import os
import pathlib
import tempfile
import time

from bench_support import HERE, MS, Dump, Target, spread

SMALL_BYTES = 78  # of a small object, its share of tables included


def pause_row(args, target, dump, bystander, path):
    """What one dump did to the target, and what the dump of a bystander did to it after that."""
    taken = dump["taken_unix_ns"]
    time.sleep(0.2)
    control = Dump(args.brille, bystander.pid, path)
    time.sleep(0.05)
    row = {"reported": dump["pause_ns"] / MS,
           "gap at the stop": target.longest(taken, taken + 1) / MS,
           "longest gap": target.longest(dump.begin, dump.end) / MS,
           "other dumped": target.longest(control.begin, control.end) / MS,
           "stolen": dump.stolen_ms,
           "other, stolen": control.stolen_ms}
    if args.verbose:
        print({name: round(value, 2) for name, value in row.items()}, flush=True)
    return row


def print_pauses(title, rows, notes):
    print(f"\n{title}, in ms\n{'':18} {'median':>8} {'max':>8}")
    for name in rows[0]:
        print(f"{name:18} {spread([row[name] for row in rows])}")
    for note in sorted(set(notes)):
        print(f"  {note}")


def objects(args):
    return int(args.share * args.mib * 2**20 / SMALL_BYTES)


def first(args, path):
    rows, notes = [], []
    with Target(args.vm, "sleep", args.mib, objects(args)) as bystander:
        for _ in range(args.processes):
            with Target(args.vm, "beat", args.mib, objects(args)) as target:
                huge = target.smaps("AnonHugePages") / target.smaps("Anonymous")
                notes.append(f"{target.smaps('Rss') // 16 * 16:.0f} MiB in memory, {huge:.0%} of "
                             "it in huge pages")
                dump = Dump(args.brille, target.pid, path)
                notes += dump.notes.splitlines()
                rows.append(pause_row(args, target, dump, bystander, path))
    print_pauses(f"first dump of each of {args.processes} processes", rows, notes)


def repeated(args, path):
    rows, huge = [], []
    with Target(args.vm, "sleep", args.mib, objects(args)) as bystander, \
            Target(args.vm, "mutate", args.mib, objects(args)) as target:
        for _ in range(args.dumps):
            huge.append(target.smaps("AnonHugePages"))
            dump = Dump(args.brille, target.pid, path)
            rows.append(pause_row(args, target, dump, bystander, path))
    print_pauses(f"{args.dumps} dumps of one process that changes", rows,
                 [f"in huge pages {huge[0]:.0f} MiB at first, {huge[-1]:.0f} MiB at last"])


def speed(args, path):
    with Target(args.vm, "sleep", 0, args.objects) as target:
        print(f"\nwhole dumps\n{'objects':>10} {'wall s':>7} {'M/s':>6} {'CPU s':>7} {'M/s':>6} "
              f"{'bytes/object':>13}")
        for _ in range(5):
            dump = Dump(args.brille, target.pid, path)
            count = dump["object_count"]
            print(f"{count:10} {dump.seconds:7.2f} {count / dump.seconds / 1e6:6.2f} "
                  f"{dump.cpu_seconds:7.2f} {count / dump.cpu_seconds / 1e6:6.2f} "
                  f"{os.path.getsize(path) / count:13.1f}")


PARTS = {"first": first, "repeated": repeated, "speed": speed}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=HERE.parent.parent / "build-release")
    parser.add_argument("--processes", type=int, default=30)
    parser.add_argument("--dumps", type=int, default=12)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--objects", type=int, default=4_000_000)
    parser.add_argument("--share", type=float, default=0.1,
                        help="of the MIB that are small objects, which may change (default 0.1)")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    args = parser.parse_args()
    if not PARTS.keys() >= set(args.parts):
        parser.error(f"the parts are {', '.join(PARTS)}")
    build = pathlib.Path(args.build)
    args.vm, args.brille = build / "brille-python", build / "brille"
    with tempfile.TemporaryDirectory() as folder:
        for part in args.parts or PARTS:
            PARTS[part](args, os.path.join(folder, "bench.heap"))


main()
