# Iterators in iterators are no calls: they nest as deep as the C stack goes, and then that is said.
import itertools

KINDS = [
    itertools.chain, lambda g: itertools.chain.from_iterable([g]), lambda g: itertools.dropwhile(bool, g),
    itertools.accumulate, lambda g: itertools.compress(g, itertools.repeat(1)), itertools.zip_longest,
    lambda g: itertools.filterfalse(None, g), itertools.pairwise, lambda g: map(abs, g), zip, enumerate,
    lambda g: filter(None, g), lambda g: itertools.islice(g, 1), lambda g: itertools.tee(g, 1)[0],
]


def nested(make, depth):
    iterator = iter([0, 1, 2])
    for _ in range(depth):
        iterator = make(iterator)
    return iterator


for number, make in enumerate(KINDS):
    try:
        next(nested(make, 3000))
        print(number, "has an item")
    except (StopIteration, TypeError) as error:
        print(number, type(error).__name__)

# Deeper than any stack: whatever comes of it, the program goes on.
for make in KINDS[:6]:
    try:
        next(nested(make, 100000), None)
    except (RecursionError, TypeError):
        pass
print("alive")

iterator = iter([5])
for _ in range(100000):
    iterator = iter(iterator.__next__, 7)
try:
    print(next(iterator))
except RecursionError as error:
    print(type(error).__name__)
