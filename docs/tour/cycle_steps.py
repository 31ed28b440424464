"""cycle.py step by step: it goes on when it gets SIGUSR1, so that one can look from outside."""
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])


class Node:
    pass


def make_cycle():
    left, right = Node(), Node()
    left.other = right
    right.other = left


make_cycle()
print("ready", flush=True)
signal.sigwait([signal.SIGUSR1])
kept = []
for _ in range(2000):
    kept.append([])             # new containers make the collector run by itself
signal.sigwait([signal.SIGUSR1])
