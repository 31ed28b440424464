import threading
import time


def sleep(nap, naps):
    begin = time.monotonic()
    time.sleep(nap)
    naps.append(time.monotonic() - begin)


def overlap(nap):
    """Whether five sleeps took less time than their sum, which is how it is when one ends before
    the next begins."""
    naps = []
    threads = [threading.Thread(target=sleep, args=(nap, naps)) for _ in range(5)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - begin < sum(naps)


# A busy machine may take longer to start a thread than a short sleep lasts.
print(any(overlap(nap) for nap in (0.1, 0.5, 2)))
