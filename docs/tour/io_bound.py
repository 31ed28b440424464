"""Threads that wait: a waiting thread does not hold the GIL, so the waits overlap."""
import threading
import time


def fetch():
    time.sleep(0.3)     # stands for a network or a disk


def measure(name, run):
    wall = time.perf_counter()
    run()
    print(f"{name}: {time.perf_counter() - wall:.2f} s")


def one_after_the_other():
    for _ in range(4):
        fetch()


def four_threads():
    threads = [threading.Thread(target=fetch, name=f"fetch-{n}") for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


measure("one after the other", one_after_the_other)
measure("four threads", four_threads)
