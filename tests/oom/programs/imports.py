# Importing and compiling: modules of the library, source at run time, syntax errors.
import sys


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
    thread = threading.Thread(target=done.append, args=(1,))
    thread.start()
    thread.join()
    seen.append(done)
    return seen


try:
    result = body()
except MemoryError:
    result = None
sys._brille_check()
if result is None:
    raise MemoryError
print(result)
