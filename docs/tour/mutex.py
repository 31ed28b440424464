"""The GIL is a mutex: of all threads one at a time runs Python code."""
import threading


def work():
    total = 0
    for number in range(400_000):
        total += number
    return total


threads = [threading.Thread(target=work, name=f"worker-{n}") for n in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
