"""The GIL is a mutex: of all threads one at a time runs Python code. With the word
"forever" there is time to look at it from outside."""
import sys
import threading

ROUNDS = sys.maxsize if "forever" in sys.argv else 400_000


def work():
    total = 0
    for number in range(ROUNDS):
        total += number
    return total


threads = [threading.Thread(target=work, name=f"worker-{n}") for n in range(3)]
for thread in threads:
    thread.start()
if "forever" in sys.argv:
    print("ready", flush=True)
for thread in threads:
    thread.join()
