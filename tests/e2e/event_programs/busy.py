"""Two threads that compute and one that mostly sleeps, until the time in argv[1] is over.

Prints READY, then a tick each 50 ms, then the sum of what it checked about itself. With argv[2]
the two rest that many seconds after each round, for traces that are short enough to look at every
event of them.
"""
import sys
import threading
import time

rest = float(sys.argv[2]) if len(sys.argv) > 2 else 0
stop = False
wrong = 0


def compute():
    global wrong
    while not stop:
        rows = [{"key": i} for i in range(100)]
        ring = []
        ring.append(ring)
        if sum(row["key"] for row in rows) != 4950:
            wrong += 1
        if rest:
            time.sleep(rest)


workers = [threading.Thread(target=compute, name=f"worker-{i}") for i in range(2)]
for worker in workers:
    worker.start()
print("READY", flush=True)
end = time.time() + float(sys.argv[1])
while time.time() < end:
    time.sleep(0.05)
    print("tick", flush=True)
stop = True
for worker in workers:
    worker.join()
print("wrong", wrong)
