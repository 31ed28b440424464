"""Three threads that allocate, link and free all the time and verify what they have: run by the
CPython under test. It says READY, and at the end of its input "fine N" or "broken"."""
import sys
import threading


class Node:
    def __init__(self, number, after):
        self.number = number
        self.after = after
        self.payload = {"number": number, "twice": (number, number)}


STOP = threading.Event()
KEPT = {}
BROKEN = []
ROUNDS = [0, 0, 0]


def verify(nodes, first):
    expected = first
    node = nodes
    while node:
        if node.number != expected or node.payload["twice"] != (expected, expected):
            BROKEN.append((node.number, expected))
            return
        expected -= 1
        node = node.after


def churn(which):
    number = 0
    while not STOP.is_set() and not BROKEN:
        chain = None
        for _ in range(200):
            number += 1
            chain = Node(number, chain)
        chain.payload["cycle"] = chain  # for the collector
        KEPT[which] = chain
        verify(chain, number)
        scratch = [str(i) * 3 for i in range(100)] + [(i, [i]) for i in range(50)]
        if len(scratch) != 150 or scratch[149] != (49, [49]):
            BROKEN.append("scratch")
        ROUNDS[which] += 1


threads = [threading.Thread(target=churn, args=(i,), name=f"churn-{i}") for i in range(3)]
for thread in threads:
    thread.start()
while len(KEPT) < 3:
    pass
print("READY", flush=True)
sys.stdin.read()
STOP.set()
for thread in threads:
    thread.join()
print("broken" if BROKEN else f"fine {min(ROUNDS)}", flush=True)
