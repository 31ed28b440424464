# The same instruction stores into globals again and again while the dict changes under it.
import sys


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name, sorted(n for n in globals() if n.startswith("g_")))


def put(value):
    global g_value
    g_value = value


for i in range(4):
    put(i)
    print(g_value)
for i in range(3):
    globals()["g_other%d" % i] = i  # the keys change between two stores
    put(Noisy(i))
del g_value
put("again")
print(g_value, g_other2)


class Removes:
    def __del__(self):
        globals().pop("g_value", None)


for i in range(3):
    put(Removes())  # the one before takes the name away while it is replaced
    print("g_value" in globals())
put(None)
print("g_value" in globals())

for i in range(3):
    g_list = [i]  # module code
    g_list = g_list + [g_list]
    print(g_list)

# One code object with several globals, tracked or not, and with locals of their own.
code = compile("x = v\nfor k in range(3):\n    x = [k, x]\nw = x", "<code>", "exec")
for v in (1, "a", []):
    names = {"v": v}
    exec(code, names)
    print(names["w"], sys.getrefcount(names["x"]))
    own = {}
    exec(code, {"v": v}, own)
    print(sorted(own), own["x"])


class Names(dict):
    def __setitem__(self, key, value):
        print("set", key)
        dict.__setitem__(self, key, value)


exec(code, {"v": 2}, Names())
for fresh in range(3):
    names = {}
    exec("def f(v):\n    global y\n    y = v\nf(1); f(2); f([y])\nprint(y)", names)
    names["f"](names["y"])
    print(names["y"])

value = object()
before = sys.getrefcount(value)
for i in range(5):
    put(value)
print(sys.getrefcount(value) - before)
put(None)
print(sys.getrefcount(value) - before)
