"""A thread-local that grows: worker threads live for ever, and so does what they have put there."""
import threading
import time

CONTEXT = threading.local()


def handle(number):
    if not hasattr(CONTEXT, "history"):
        CONTEXT.history = []
    CONTEXT.history.append(["step %d of %d" % (step, number) for step in range(20)])


def worker():
    number = 0
    while True:
        for _ in range(10):
            number += 1
            handle(number)
        time.sleep(0.01)


for index in range(2):
    threading.Thread(target=worker, name="worker-%d" % index, daemon=True).start()
print("ready", flush=True)
while True:
    time.sleep(1)
