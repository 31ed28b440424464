# Generators in every state, a pipeline that runs all the time.
import sys


def numbers():
    n = 0
    while True:
        yield [n]
        n += 1


def doubled(source):
    for item in source:
        try:
            yield item * 2
        finally:
            item = None


def delegating(source):
    yield from doubled(source)


def finished():
    yield 1


kept = [numbers() for _ in range(10)]
for g in kept[:5]:
    next(g)
done = finished()
list(done)
print("READY", flush=True)
while True:
    total = 0
    for pair in delegating(numbers()):
        total += sum(pair)
        kept[7].send(None)
        squares = (x * x for x in range(10))
        total += sum(squares)
        if pair[0] > 200:
            break
