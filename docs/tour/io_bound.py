"""Threads that wait: a waiting thread does not hold the GIL, so the waits overlap.
With the word "forever" there is time to look at them from outside."""
import sys
import threading
import time


def fetch(times=1):
    for _ in range(times):
        time.sleep(0.3)     # stands for a network or a disk


def measure(name, run):
    wall = time.perf_counter()
    run()
    print(f"{name}: {time.perf_counter() - wall:.2f} s")


def one_after_the_other():
    for _ in range(4):
        fetch()


def four_threads(*arguments):
    threads = [threading.Thread(target=fetch, args=arguments, name=f"fetch-{n}") for n in range(4)]
    for thread in threads:
        thread.start()
    if arguments:
        print("ready", flush=True)
    for thread in threads:
        thread.join()


if "forever" in sys.argv:
    four_threads(sys.maxsize)
measure("one after the other", one_after_the_other)
measure("four threads", four_threads)
