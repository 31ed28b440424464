for f in (lambda: sorted([1, "a"]), lambda: [3, 1].sort(1), lambda: sorted([1], cmp=1), lambda: sorted([1, 2], key=lambda x: 1 / 0)):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e)
a = [3, 2, 1]
def key(v):
    a.append(9)
    return v
try:
    a.sort(key=key)
except ValueError as e:
    print(e)
