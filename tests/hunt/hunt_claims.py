"""What docs/leak-hunting.md claims of each leak: what the first screen of the answer has to name.

A function gets the first screens of the brille commands of its section, by verb.
"""
import re

NEED_HEADERS = {"forgotten_decref"}


def change(text):
    """The first "grew" line, in bytes."""
    found = re.search(r"grew +([+-][\d.]+) (B|KiB|MiB|GiB)", text)
    assert found, text
    return float(found[1]) * {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}[found[2]]


def names(screen, *texts):
    for text in texts:
        assert text in screen, f"{text!r} is not in\n{screen}"


def first_leak(screens):
    """The first suspect, which has to have grown by more than the noise."""
    screen = screens["leaks"]
    names(screen, "! 1 ")
    suspect = screen[screen.index("! 1 "):].split("\n\n")[0]
    assert change(suspect) > 200_000, suspect
    return suspect


def module_cache(screens):
    suspect = first_leak(screens)
    names(suspect, "__main__.PAGES -> dict", "a dict that only grows", ", 0 left",
          "in Python __main__.PAGES")
    names(screens["show"], "'/search?q=snake&session=")


def callbacks(screens):
    names(first_leak(screens), "__main__.BUS -> __main__.Bus -> .subscribers -> list",
          "callbacks are registered", "on_message callbacks.py:", "keeps a list in its closure")


def kept_traceback(screens):
    names(first_leak(screens), "__main__.REPORT -> __main__.Report -> .errors -> list",
          "a ValueError keeps the frame of parse kept_traceback.py:", "local 'body'")
    names(screens["summary"], "traceback", "exception")


def cycle_gc_off(screens):
    names(first_leak(screens), "garbage in cycles", "__main__.Node", "gc.disable()")
    names(screens["garbage"], "that a collection would free", "__main__.Node", ".children",
          ".parent", "back")


def endless_lru(screens):
    names(first_leak(screens), "__main__.profile", "an lru_cache without a limit",
          "profile endless_lru.py:")


def forgotten_task(screens):
    names(first_leak(screens), "__main__.WAITING", "asyncio tasks are not done",
          "the coroutine ask forgotten_task.py:", "local 'request'", "Future")


def thread_local(screens):
    names(first_leak(screens), "__main__.CONTEXT", "_thread._local", "a thread-local grows",
          "worker-0", "worker-1")


def forgotten_decref(screens):
    names(first_leak(screens), "native code", "most of them to list", "tally")
    names(screens["audit"], "more than", "most of them to list. Extension modules: tally.",
          "list of float")
    rows = [line.split() for line in screens["audit"].splitlines()]
    types = [row for row in rows if len(row) == 5 and row[1].startswith("+")]
    assert types and types[0][0] == "list", screens["audit"]


def outside_heap(screens):
    suspect = first_leak(screens)
    names(suspect, "memory outside the Python heap", "not Python's",
          "malloc or mmap of native code took", "blocks of 10,008 bytes")
    same = re.search(r"Python's objects changed by (nothing|[+-]\d+ B)", suspect)
    assert same, suspect
    names(screens["summary"], "not Python's objects: native code's malloc and mmap, and free memory",
          "malloc has handed out", "9.78 KiB")
