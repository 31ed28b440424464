# Imports, exec, eval, compile, modules dropped again.
import sys

for name in ("math", "collections", "weakref", "time", "threading"):
    __import__(name)
    module = sys.modules.pop(name)
space = {}
for i in range(10):
    exec("def f%d(x, y=[1], *a, **k):\n    'doc'\n    return [x, y, a, k]\nclass C:\n    z = f%d(1)\n" % (i, i),
         space)
value = eval("[f1(n, n, k=n) for n in range(30)]", space)
made = [compile("lambda: (yield %d)" % i, "<made>", "eval") for i in range(10)]
functions = [eval(code) for code in made]
del space["f3"], made[::2]
