"""Allocates known sizes on known lines, and says so.

Each part of the answer: marker, objects made there, their bytes, objects alive, their bytes, most
bytes alive at once; all at the moment of END. The sizes are made beforehand, so that no line makes
an int by the way.
"""
import sys

SIZES = [1000 + 37 * i % 5000 for i in range(500)]
kept = []
said = []


class Node:
    __slots__ = ("next",)


def keep():
    for size in SIZES:
        kept.append(bytes(size))                            # KEEP
    made = [sys.getsizeof(item) for item in kept]
    said.append(["KEEP", len(made), sum(made), len(made), sum(made), sum(made)])


def churn():
    made = []
    for size in SIZES:
        item = bytes(size)                                  # CHURN
        made.append(sys.getsizeof(item))
        item = None
    said.append(["CHURN", len(made), sum(made), 0, 0, max(made)])


def wave():
    held = []
    for size in SIZES:
        held.append(bytes(size))                            # WAVE
    made = [sys.getsizeof(item) for item in held]
    del held[100:]
    said.append(["WAVE", len(made), sum(made), 100, sum(made[:100]), sum(made)])
    kept.append(held)


def cycles():
    for size in SIZES:
        node = Node()                                       # NODE
        node.next = node
    made = sys.getsizeof(node)
    kept.append(node)
    said.append(["NODE", len(SIZES), made * len(SIZES), None, None, None])


def grow():
    start = list(SIZES)                                     # GROW
    kept.append(start)
    for _ in range(3):
        start.extend(SIZES)
    grown = sys.getsizeof(start)
    said.append(["GROW", 1, grown, 1, grown, grown])


keep()
churn()
wave()
cycles()
grow()
bytes(1000)                                                 # END
print(said)
