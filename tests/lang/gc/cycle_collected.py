import gc, weakref
gc.disable()
class Node: pass
a, b = Node(), Node()
a.other, b.other = b, a
r = weakref.ref(a)
del a, b
print(r() is None)
print(gc.collect() > 0, r() is None)
gc.enable()
print(gc.isenabled(), gc.get_threshold())
