"""Memory outside the Python heap: a C library allocates for every request, and nobody frees it."""
import ctypes
import time

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p


def decode(number):
    frame = libc.malloc(10000)              # what the decoder of some library would do
    ctypes.memset(frame, number % 256, 10000)
    return number                           # its free function is never called


def main():
    print("ready", flush=True)
    number = 0
    while True:
        for _ in range(20):
            number += 1
            decode(number)
        time.sleep(0.01)


main()
