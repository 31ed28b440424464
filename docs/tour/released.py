"""A C library that lets go of the GIL: read() does, for as long as the kernel works."""
import threading


def read():
    with open("/dev/urandom", "rb", buffering=0) as source:
        for _ in range(30):
            source.read(2_000_000)      # C code that needs no Python object while it runs


def count():
    total = 0
    for number in range(600_000):
        total += number                 # bytecode: needs the GIL for each step


def two(target):
    threads = [threading.Thread(target=target, name=f"{target.__name__}-{n}") for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


two(read)
two(count)
