"""A growing module-level cache: pages are kept by their full address, and no address comes twice."""
import time

PAGES = {}


def fetch(address):
    if address not in PAGES:
        PAGES[address] = ["<p>line %d of %s</p>" % (line, address) for line in range(20)]
    return PAGES[address]


def main():
    print("ready", flush=True)
    request = 0
    while True:
        for _ in range(20):
            request += 1
            fetch("/search?q=snake&session=%d" % request)    # the session makes every address new
        time.sleep(0.01)


main()
