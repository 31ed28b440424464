"""The program that is captured by the benchmarks: builds a heap, says READY, then does one of

    beat      nothing but watching the clock: a line "gap BEGIN_NS LENGTH_NS" for each longer than
              GAP_NS between two looks at it
    mutate    the same, and between two looks it changes something: places all over the heap get
              new objects
    evaluate  the same as beat, and now and then a frame is evaluated: PyHeap's gdb waits for that
    sleep     waits for the end of standard input
    closure   what a tool inside the process would do: finds all objects with gc.get_objects() and
              gc.get_referents(), says "closure SECONDS OBJECTS BYTES" with the memory that it took,
              and ends

Usage: capture_target.py WHAT MIB OBJECTS [THREADS]. The heap has OBJECTS small objects, records as
a program has them, and is filled up to MIB with bytes, half of them in pools and half in large
blocks. THREADS more threads sleep.
"""
import gc
import sys
import threading
import time

GAP_NS = 200_000
RECORD_OBJECTS = 8  # that a record consists of, of its own
POOL_BYTES = 400
LARGE_BYTES = 60_000


def rss_bytes():
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * 4096


def record(i):
    return {"id": i, "name": "name %d" % i, "values": [i + 1000, i + 0.5, (i, str(i))]}


def build(mib, objects):
    records = [record(i) for i in range(objects // RECORD_OBJECTS)]
    filling = []
    # In steps, since the counts of bytes that the system has given rise in steps of 2 MiB. Not with
    # bytes(N): pages that are zero anyway nobody touches.
    while rss_bytes() < mib << 20:
        for _ in range(16):
            filling.append(b"x" * LARGE_BYTES)
            filling.extend([b"x" * POOL_BYTES for _ in range(LARGE_BYTES // POOL_BYTES)])
    return records, filling


def beat(records, seconds, what):
    clock = time.time_ns
    count = len(records)
    at = 0
    last = clock()
    end = last + int(seconds * 1e9)
    while last < end:
        if what == "mutate" and count:
            at = (at + 611_953) % count
            records[at] = record(at)
        elif what == "evaluate":
            eval("0")
        now = clock()
        if now - last > GAP_NS:
            print("gap", last, now - last, flush=True)
        last = now  # the time that printing takes is in the next gap


def closure():
    before, begin = rss_bytes(), time.time_ns()
    found = gc.get_objects()
    seen = set(map(id, found))
    for thing in found:  # which grows
        for target in gc.get_referents(thing):
            if id(target) not in seen:
                seen.add(id(target))
                found.append(target)
    print("closure", (time.time_ns() - begin) / 1e9, len(found), rss_bytes() - before, flush=True)


def start_threads(count):
    never = threading.Event()
    for _ in range(count):
        threading.Thread(target=never.wait, daemon=True).start()


def main():
    what, mib, objects = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    kept = build(mib, objects)
    start_threads(int(sys.argv[4]) if len(sys.argv) > 4 else 0)
    print("READY", flush=True)
    if what == "sleep":
        sys.stdin.read()
    elif what == "closure":
        closure()
    else:
        beat(kept[0], 3600, what)


main()
