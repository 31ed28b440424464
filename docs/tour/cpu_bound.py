"""Threads that only compute: they share one GIL, so they take as long as one after the other.
With the word "forever" there is time to look at them from outside."""
import sys
import threading
import time


def count(rounds=2_000_000):
    total = 0
    for number in range(rounds):
        total += number


def measure(name, run):
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{name}: {wall:.2f} s by the clock, {cpu:.2f} s of CPU, {cpu / wall:.2f} cores busy")


def one_after_the_other():
    for _ in range(4):
        count()


def four_threads(*arguments):
    threads = [threading.Thread(target=count, args=arguments, name=f"count-{n}") for n in range(4)]
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
