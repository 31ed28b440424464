# Containers that are dying while the heap is looked at: one of their items has a finalizer that
# waits. What they were announced with still holds, and what they still own is still there.
import collections
import threading

begun = threading.Semaphore(0)
for_ever = threading.Event()


class Last:
    def __del__(self):
        begun.release()
        for_ever.wait()


class Plain:
    pass


class Tuple(tuple):
    pass


class Deque(collections.deque):
    pass


def instance(items):
    made = Plain()
    for number, item in enumerate(items):
        setattr(made, "a%d" % number, item)
    return made


def generator(items):
    def run():
        kept = items
        while kept:
            yield kept
    made = run()
    next(made)
    return made


def items():
    """Objects that die, and among them one that waits in its finalizer."""
    made = [[number] for number in range(100)]
    made[80] = Last()
    return made


kinds = [tuple, Tuple, list, collections.deque, Deque, set, frozenset, instance, generator,
         lambda items: dict(enumerate(items)), lambda items: {str(i): i for i in items}]


def make(kind):
    if kind in (set, frozenset):
        return kind([tuple(item) if isinstance(item, list) else item for item in items()])
    return kind(items())


def let_die(kind):
    thing = [make(kind)]
    thing.clear()


for kind in kinds:
    threading.Thread(target=let_die, args=(kind,), daemon=True).start()
    begun.acquire()
