"""Two threads that compute, until somebody ends the process. Run it twice: two heaps, two GILs."""
import threading


def count():
    number = 0
    while True:
        number += 1


kept = [[number] for number in range(10_000)]
print("kept is at", hex(id(kept)))
for number in range(2):
    threading.Thread(target=count, name=f"count-{number}", daemon=True).start()
print("ready", flush=True)
threading.Event().wait(600)
