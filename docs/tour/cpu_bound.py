"""Threads that only compute: they share one GIL, so they take as long as one after the other."""
import threading
import time


def count():
    total = 0
    for number in range(2_000_000):
        total += number


def measure(name, run):
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{name}: {wall:.2f} s by the clock, {cpu:.2f} s of CPU, {cpu / wall:.2f} cores busy")


def one_after_the_other():
    for _ in range(4):
        count()


def four_threads():
    threads = [threading.Thread(target=count, name=f"count-{n}") for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


measure("one after the other", one_after_the_other)
measure("four threads", four_threads)
