"""A program with something for each query of docs/sql.md: it says that it is ready, and waits."""
import sys
import threading
import time


class Session:
    def __init__(self, number):
        self.token = "token-%06d" % number
        self.user = "user number %d of the shop" % (number % 10)
        self.items = [number, number + 1] if number % 3 else []


class Node:
    pass


CACHE = {"key %d" % i: Session(i) for i in range(500)}
LONG = list(range(1000, 3000))
EMPTY = [[] for _ in range(40)] + [{} for _ in range(30)] + [set() for _ in range(20)]


def make_garbage():
    for _ in range(25):
        one, other = Node(), Node()
        one.other, other.other = other, one


def wait(event):
    local = ["held by a local variable", event]
    event.wait()
    return local


make_garbage()
forever = threading.Event()
threading.Thread(target=wait, args=(forever,), name="worker", daemon=True).start()
time.sleep(0.2)
print("ready", flush=True)
sys.stdin.read()
