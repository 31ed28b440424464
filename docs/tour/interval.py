"""A running thread gives up the GIL when another has waited for one switch interval."""
import sys
import threading

sys.setswitchinterval(float(sys.argv[1]))


def spin():
    total = 0
    for number in range(4_000_000):
        total += number


threads = [threading.Thread(target=spin, name=f"spin-{n}") for n in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
