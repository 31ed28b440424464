# Counts going up and down, aliases, arguments, unpacking, calls of every shape.


def swap(a, b, *rest, key=None, **more):
    a, b = b, a
    rest = [*rest, a]
    return rest, b, key, more


x = object()
kept = []
for i in range(30):
    y = z = x
    kept.append(swap(x, [i], y, z, key={"i": i}, extra=x))
    first, *middle, last = kept[-1]
    del y
    kept = kept[-5:] + [last]
text = "".join(["%d" % i for i in range(50)])
for c in text[:40]:
    kept.append(c + "x")
