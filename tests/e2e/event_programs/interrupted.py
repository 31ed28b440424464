"""Waits, and counts the times that SIGINT interrupts it; ends after the last of argv[2]."""
import sys
import threading
import time

held = threading.Lock()
held.acquire()
wait = {"sleep": lambda: time.sleep(30), "lock": held.acquire,
        "timeout": lambda: held.acquire(timeout=30)}[sys.argv[1]]
count = 0
while count < int(sys.argv[2]):
    try:
        print(count, flush=True)
        wait()
    except KeyboardInterrupt:
        count += 1
print("done")
