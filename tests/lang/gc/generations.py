import gc

gc.disable()
gc.collect()


class N:
    pass


def where(o):
    return [g for g in range(3) if any(x is o for x in gc.get_objects(g))]


o = N()
o.me = o
print(where(o))
for g in (0, 0, 1, 2):
    gc.collect(g)
    print(g, where(o), gc.get_count()[1:])
gc.freeze()
print(where(o), gc.get_freeze_count() > 0)
gc.unfreeze()
print(where(o))
before = gc.get_count()[0]
l = [[] for _ in range(50)]
print(gc.get_count()[0] - before > 40)
del l
t = tuple([1, 2]), ([],)
gc.collect(0)
print([gc.is_tracked(x) for x in t])
d = {"a": 1}
print(gc.is_tracked(d))
d["b"] = []
print(gc.is_tracked(d))
d["b"] = 2
gc.collect(2)
print(gc.is_tracked(d))
