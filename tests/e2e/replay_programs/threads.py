# Threads that go on allocating a little while the heap is captured, and threads that have ended.
import threading
import time


class Item:
    def __init__(self, n):
        self.n = [n]
        self.again = self


def short(results, n):
    results.append([Item(i) for i in range(n)])


def background(stop):
    n = 0
    while not stop:
        n += 1
        items = {i: Item(n + i) for i in range(20)}
        time.sleep(0.01)


results, stop = [], []
for target, args in ((short, (results, 30)), (short, (results, 50)), (background, (stop,)),
                     (background, (stop,))):
    threading.Thread(target=target, args=args, daemon=True).start()
local = threading.local()
local.x = [1]
while len(results) < 2:
    time.sleep(0.01)
