"""A service with a leak: a cache that remembers every request and never forgets one."""
import time


class Session:
    def __init__(self, number):
        self.user = "user-%d" % (number % 1000)
        self.token = "token-%032d" % number
        self.items = [number, number + 1]


CACHE = {}


def handle(number):
    session = Session(number)
    CACHE[session.token] = session      # nobody ever takes it out again
    return len(session.items)


def main():
    number = 0
    while True:
        for _ in range(200):
            handle(number)
            number += 1
        time.sleep(0.01)


main()
