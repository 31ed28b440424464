"""A running thread gives up the GIL when another has waited for one switch interval.
Arguments: the interval in seconds, and perhaps "forever"."""
import sys
import threading

ROUNDS = sys.maxsize if "forever" in sys.argv else 4_000_000
sys.setswitchinterval(float(sys.argv[1]))


def spin():
    total = 0
    for number in range(ROUNDS):
        total += number


threads = [threading.Thread(target=spin, name=f"spin-{n}") for n in range(2)]
for thread in threads:
    thread.start()
if "forever" in sys.argv:
    print("ready", flush=True)
for thread in threads:
    thread.join()
