"""A shop with a cache that only grows, names that would break a careless page, and busy threads.

Grows by one step for every line it reads, and answers READY when it stands still.
"""
import gc
import sys
import threading
import time

SECRET = "the-password-of-alice"
HOSTILE = "</script><img src=x onerror=alert(1)>\"'&<!--"


class Item:
    def __init__(self, number):
        self.name = "item %d" % number
        self.tags = ["tag %d" % (number % 50), "tag %d" % (number % 7)]


class Session:
    def __init__(self, number):
        self.user = "user %d" % number
        self.cart = [Item(number), Item(number + 1)]
        self.seen = {"page %d" % number: number}


class Cache:
    def __init__(self):
        self.entries = {}


CACHE = Cache()
CATALOG = {"product %d" % i: Item(i) for i in range(300)}
Odd = type("Odd" + HOSTILE, (), {})
ODD = [Odd() for _ in range(400)]
setattr(ODD[0], HOSTILE, [list(range(50)) for _ in range(200)])
KEYED = {SECRET: [bytes(1000) for _ in range(300)], HOSTILE: [bytes(500) for _ in range(300)]}


def grow(step, count):
    for i in range(count):
        CACHE.entries["token %d %d" % (step, i)] = Session(step * 100000 + i)


def work(stop):
    while not stop[0]:
        total = [[i] for i in range(300)]
        total.reverse()
        time.sleep(0.001)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    stop, threads = [False], []
    if len(sys.argv) > 2:
        threads = [threading.Thread(target=work, args=(stop,), name="worker-%d" % i)
                   for i in range(int(sys.argv[2]))]
    for thread in threads:
        thread.start()
    step = 0
    grow(step, count)
    print("READY", flush=True)
    for _ in sys.stdin:
        step += 1
        grow(step, count)
        gc.collect()
        print("READY", flush=True)
    stop[0] = True
    for thread in threads:
        thread.join()


main()
