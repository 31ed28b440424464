import gc
a = ["x"]
b = [a, a]
c = {"k": a}
print(gc.get_referents(b) == [a, a], a in gc.get_referents(c), gc.get_referents(1, "a"), any(r is b for r in gc.get_referrers(a)), any(r is c for r in gc.get_referrers(a)))
class A: pass
o = A()
o.attr = a
print(any(r is o or r is o.__dict__ for r in gc.get_referrers(a)), A in gc.get_referents(o))
