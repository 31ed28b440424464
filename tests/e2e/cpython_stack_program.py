"""Threads that stand in known places, and say themselves where: run by the CPython under test. It
says READY and one line of JSON: for each thread its frames, innermost first, with the variables
that have a plain value. At the end of its input it ends. With the argument "gil", three threads
compute and two sleep."""
import functools
import json
import sys
import threading
import time

HOLD = threading.Event()
STANDING = threading.Semaphore(0)


def stand(depth, text="deep in"):
    number = depth * 1000
    if depth:
        return stand(depth - 1, text=text + "side")
    STANDING.release()
    HOLD.wait()
    return number


def key(item):
    pair = (item, "key")
    if item == 2:
        stand(1, str(pair))
    return item


def by_sort():
    kept = b"bytes"
    return sorted([1, 2, 3],
                  key=functools.partial(
                      key)), kept


def generate(first):
    for i in range(first, first + 3):
        inner = lambda: (yield from range(i))  # noqa: E731: a closure, whose i is in a cell
        list(inner())
        stand(2)
        yield i


def by_generator():
    total = 0
    for value in generate(40):
        total += value
    return total


class Thing:
    def __init__(self, number):
        self.number = number
        try:
            stand(0)
        finally:
            self.done = True

    def __getattr__(self, name):
        if name == "missing":
            return stand(1)
        raise AttributeError(name)

    def __del__(self):
        pass


def by_init():
    thing = Thing(
        7)
    return thing


def by_attribute():
    thing = Thing.__new__(Thing)
    values = [thing.missing
              for _ in range(2)]
    return values


def by_exec():
    exec(compile("\n\nx = 1\n\ndef inside(level):\n    y = level\n    stand(level)\n\ninside(3)\n",
                 "<made up>", "exec"), {"stand": stand})


def by_exception():
    try:
        raise ValueError("it")
    except ValueError:
        try:
            {}["no"]
        except KeyError:
            stand(1)


async def waiting(level):
    if level:
        await waiting(level - 1)
    else:
        stand(0)


def by_coroutine():
    try:
        waiting(2).send(None)
    except StopIteration:
        pass


def spin():
    n = 0
    while not HOLD.is_set():
        n += 1


def plain(value):
    return isinstance(value, (int, float, str, bytes, type(None))) and len(repr(value)) < 50


def frames_of(frame):
    frames = []
    while frame:
        code = frame.f_code
        frames.append({
            "function": getattr(code, "co_qualname", code.co_name), "file": code.co_filename,
            "line": frame.f_lineno,
            "locals": {} if code.co_name == "<module>" else
            {name: repr(value) for name, value in frame.f_locals.items() if plain(value)}})
        frame = frame.f_back
    return frames


def main():
    gil = sys.argv[1:] == ["gil"]
    targets = [by_sort, by_generator, by_init, by_attribute, by_exec, by_exception, by_coroutine]
    if gil:
        targets = [spin] * 3 + [lambda: stand(0)] * 2
    threads = [threading.Thread(target=target, name=f"{target.__name__} {i}", daemon=True)
               for i, target in enumerate(targets)]
    for thread in threads:
        thread.start()
    for _ in range(2 if gil else len(threads)):
        STANDING.acquire()
    time.sleep(0.3)  # from there into the wait
    names = {thread.ident: thread.name for thread in threads}
    truth = {names[ident]: frames_of(frame) for ident, frame in sys._current_frames().items()
             if ident in names}
    truth["MainThread"] = frames_of(sys._getframe())
    print("READY", json.dumps(truth), flush=True)
    sys.stdin.read()


main()
