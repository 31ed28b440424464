class P:
    x = 3
    items = [1, {"k": "v"}]
print("{} {}".format(1, 2), "{1} {0}".format(1, 2), "{a} {b!r}".format(a=1, b="q"))
print("{0.x} {0.items[0]} {0.items[1][k]}".format(P), "{:>{w}}|{:{f}^7}".format("a", "b", w=5, f="-"), "{{}}".format())
for f in ("{} {0}", "{", "}", "{1}", "{a}"):
    try:
        print(f.format(1))
    except Exception as e:
        print(type(e).__name__, e)
