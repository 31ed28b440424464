"""A C extension that forgets a decref: its results can be freed, what it put into them cannot."""
import time

import tally


def handle(number):
    result = tally.count(["word%d" % (n % 7) for n in range(number % 50)])
    return len(result)                      # result is freed here; the lists in it are not


def main():
    print("ready", flush=True)
    number = 0
    while True:
        for _ in range(20):
            number += 1
            handle(number)
        time.sleep(0.01)


main()
