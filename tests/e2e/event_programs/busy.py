"""Two threads that compute and one that mostly sleeps, until the time in argv[1] is over or Ctrl-C.

Prints READY, then ticks, then the sum of what it checked about itself. argv[2]: the seconds that
the two rest after each round, for traces that are short enough to look at every event of them.
argv[3]: seconds between ticks.
"""
import sys
import threading
import time

rest = float(sys.argv[2]) if len(sys.argv) > 2 else 0
tick = float(sys.argv[3]) if len(sys.argv) > 3 else 0.05
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
try:
    while time.time() < end:
        time.sleep(tick)
        print("tick", flush=True)
except KeyboardInterrupt:
    pass
stop = True
for worker in workers:
    worker.join()
print("wrong", wrong)
