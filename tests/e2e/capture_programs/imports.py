# Compiling, importing, executing: the interpreter's own C code holds references meanwhile.
import sys

print("READY", flush=True)
while True:
    for name in ("math", "collections", "weakref", "time"):
        sys.modules.pop(name, None)
        __import__(name)
    space = {}
    exec("def f(x, *a, y=[1], **k):\n    return [x, a, y, k]\nclass C:\n    z = f(1)\n", space)
    value = eval("[f(n, n, k=n) for n in range(30)]", space)
    text = f"{value!r:>20} {len(value):05d}"
    code = compile("lambda: (yield)", "<made>", "eval")
