"""Two threads that compute and one that sleeps and wakes: run by the CPython under test. It says
READY; at the end of its input one line of JSON: when the sleeper woke (CLOCK_REALTIME, ns)."""
import json
import sys
import threading
import time

STOP = threading.Event()
WAKES = []


def spin():
    n = 0
    while not STOP.is_set():
        n += 1


def sleeper():
    while not STOP.is_set():
        time.sleep(0.02)
        WAKES.append(time.time_ns())


def idle():
    STOP.wait()


threads = [threading.Thread(target=target, name=name, daemon=True)
           for target, name in ((spin, "spin-1"), (spin, "spin-2"), (sleeper, "sleeper"), (idle, "idle"))]
for thread in threads:
    thread.start()
print("READY", flush=True)
sys.stdin.read()
STOP.set()
for thread in threads:
    thread.join()
print(json.dumps(WAKES))
