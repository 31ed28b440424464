ns = {"x": 3}
exec("y = x * 2\ndef f(a): return a + y", ns)
print(ns["y"], ns["f"](10), eval("x + y", ns), eval("[i for i in range(x)]", ns), eval("1 + 1"))
code = compile("z = 5", "<test>", "exec")
exec(code, ns)
print(ns["z"])
def g():
    local = 7
    return eval("local + 1"), sorted(locals())
print(g())
try:
    eval("1 +")
except SyntaxError as e:
    print(type(e).__name__)
