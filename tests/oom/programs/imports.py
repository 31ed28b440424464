# Importing and compiling: modules of the library, source at run time, syntax errors.
import _thread
import sys
import time


def body():
    import threading
    from collections import deque, defaultdict
    code = compile("def f(a, *, b=[1, 2], **kw):\n    return [x for x in a if x] + b, f'{a!r:>9}'\n",
                   "<made>", "exec")
    space = {}
    exec(code, space)
    seen = [space["f"]([0, 1]), eval("{1: (2, 3), 'a': {4}}"), defaultdict(list, a=deque([1]))]
    try:
        compile("if x\n    pass", "<bad>", "exec")
    except SyntaxError as e:
        seen.append((e.msg, e.lineno))
    done = []
    # Not a threading.Thread: one that runs out of memory before it has said that it started is
    # waited for by start() for ever, in CPython as here.
    _thread.start_new_thread(done.append, (1,))
    while _thread._count():
        time.sleep(0.001)
    seen.append((done, threading.active_count()))
    return seen


try:
    result = body()
except MemoryError:
    result = None
sys._brille_check()
if result is None:
    raise MemoryError
print(result)
