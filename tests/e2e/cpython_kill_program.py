"""Threads that compute, sleep, wait and allocate, and verify what they have: run by the CPython under
test, while somebody attaches to it and is killed. It says READY and the addresses of four objects
whose counts change, then a dot now and then; after an interrupt

    end wrong N signals N children N

wrong data, signals that nobody here has sent, children that it does not know of. All must be 0."""
import os
import queue
import select
import signal
import sys
import threading
import time

STOP = threading.Event()
WRONG, SIGNALS, CHILDREN = [], [], []
SHARED = [["watched", i] for i in range(4)]


def on_signal(number, _):
    SIGNALS.append(number)


def churn():
    number = 0
    while not STOP.is_set():
        number += 1
        chain = None
        for i in range(200):
            chain = [number, i, chain, {"sum": number + i}]
        for i in reversed(range(200)):
            if chain[0] != number or chain[1] != i or chain[3]["sum"] != number + i:
                WRONG.append((number, i))
            chain = chain[2]
        time.sleep(0.001)  # two of these are not to keep a machine busy


def count():
    while not STOP.is_set():
        for each in SHARED:
            kept = [each] * 5, each
            if sys.getrefcount(each) < 8:
                WRONG.append("count")
            del kept
        time.sleep(0.001)


def sleep():
    while not STOP.is_set():
        begun = time.monotonic()
        time.sleep(0.01)
        if time.monotonic() - begun < 0.01:
            WRONG.append("a sleep was cut short")


def wait():
    """Waits for what never comes, in ways that a signal or a tracer can break."""
    mine, _ = os.pipe()
    waiting = queue.Queue()
    while not STOP.is_set():
        if select.select([mine], [], [], 0.01)[0]:
            WRONG.append("select")
        try:
            waiting.get(timeout=0.01)
            WRONG.append("queue")
        except queue.Empty:
            pass


def look_for_children():
    try:
        CHILDREN.append(os.waitpid(-1, os.WNOHANG))
    except ChildProcessError:
        pass


# Whoever was started in the background ignores it, and so do its children.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGCHLD, signal.SIGTRAP, signal.SIGCONT, signal.SIGUSR1):
    signal.signal(number, on_signal)
threads = [threading.Thread(target=each) for each in (churn, churn, count, sleep, wait)]
for thread in threads:
    thread.start()
print("READY", *(hex(id(each)) for each in SHARED), flush=True)
try:
    while True:
        time.sleep(0.005)
        look_for_children()
        print(".", end="", flush=True)
except KeyboardInterrupt:
    pass
STOP.set()
for thread in threads:
    thread.join()
print(f"\nend wrong {len(WRONG)} signals {len(SIGNALS)} children {len(CHILDREN)}", WRONG[:3] or "",
      sorted(set(SIGNALS)) or "", CHILDREN[:3] or "", flush=True)
