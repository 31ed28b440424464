"""An lru_cache without a limit: it remembers every argument and every answer."""
import functools
import time


@functools.lru_cache(maxsize=None)
def profile(user):
    return ["setting %d of %s" % (setting, user) for setting in range(20)]


def main():
    print("ready", flush=True)
    number = 0
    while True:
        for _ in range(20):
            number += 1
            profile("visitor-%d" % number)      # visitors do not come back
        time.sleep(0.01)


main()
