"""__index__ of a bound is Python code: what it leaves of the sequence is what is sliced."""
import array


class Emptying:
    def __init__(self, sequence, value):
        self.sequence = sequence
        self.value = value
        self.calls = 0

    def __index__(self):
        self.calls += 1
        del self.sequence[:]
        return self.value


class Growing(Emptying):
    def __index__(self):
        self.calls += 1
        self.sequence.extend(self.sequence[:1] * 1000)
        return self.value


def attempt(make, bound, action):
    sequence = make()
    evil = bound(sequence, 1000)
    try:
        result = action(sequence, evil)
    except (ValueError, IndexError) as e:
        result = type(e).__name__, str(e)
    print(type(sequence).__name__, bound.__name__, action.__name__, result, sequence[:3], len(sequence), evil.calls)


def read(s, i):
    return len(s[0:i])


def read_back(s, i):
    return len(s[i:0:-1])


def read_steps(s, i):
    return len(s[0:i:3])


def delete(s, i):
    del s[0:i]


def delete_steps(s, i):
    del s[0:i:2]


def assign(s, i):
    s[0:i] = s[:0]


def assign_steps(s, i):
    s[0:i:2] = type(s)(s) if not isinstance(s, array.array) else s[:]


def step(s, i):
    return len(s[::i])


for make in (lambda: list(range(1000)), lambda: bytearray(range(250)) * 4, lambda: array.array("i", range(1000))):
    # The reference reads freed memory when a bytearray grows meanwhile.
    for bound in (Emptying,) if isinstance(make(), bytearray) else (Emptying, Growing):
        for action in (read, read_back, read_steps, delete, delete_steps, assign, assign_steps, step):
            attempt(make, bound, action)

# The value of a stepped assignment may do it as well, and so may a bound change the value.
target = list(range(10))


def shrinking():
    del target[4:]
    yield from "ab"


target[0:4:2] = shrinking()
print(target)
value = ["x"] * 5
target = list(range(10))


class ClearsValue:
    def __index__(self):
        value.clear()
        return 10


try:
    target[0:ClearsValue():2] = value
except ValueError as e:
    print(e)
print(target)
