# Threads that block: locks, conditions, sleeps, a queue; nobody holds the GIL most of the time.
import threading
import time

lock, condition = threading.Lock(), threading.Condition()
todo, done = [], []


def consume():
    while True:
        with condition:
            while not todo:
                condition.wait()
            item = todo.pop()
        with lock:
            done.append([item])
            if len(done) > 50:
                done.clear()


def produce():
    n = 0
    while True:
        n += 1
        with condition:
            todo.append({"n": n})
            condition.notify()
        time.sleep(0.002)


local = threading.local()
local.value = ["main"]
for target in (consume, consume, produce):
    threading.Thread(target=target, daemon=True).start()
print("READY", flush=True)
while True:
    time.sleep(0.05)
