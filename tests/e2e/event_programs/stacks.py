"""Threads that stand in known places."""
import sys
import threading
import time


def slow_key(item):
    time.sleep(600)  # KEY
    return item


def sorter():
    sorted([3, 1, 2], key=slow_key)  # SORT


def spin():
    n = 0
    while True:
        n += 1


def deep(level, text="end"):
    if level:
        return deep(level - 1)  # DEEP
    time.sleep(600)  # BOTTOM


for target in (sorter, spin):
    threading.Thread(target=target, name=target.__name__, daemon=True).start()
print("READY", flush=True)
deep(3)
