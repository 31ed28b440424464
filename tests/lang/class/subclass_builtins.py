class L(list):
    def total(self): return sum(self)
class D(dict):
    def __setitem__(self, k, v): super().__setitem__(k, v * 2)
class I(int):
    def __add__(self, o): return I(int(self) + int(o) + 100)
class St(str):
    def shout(self): return self.upper() + "!"
l = L([1, 2]); l.append(3); l.extra = 1
d = D(); d["a"] = 5
print(l, l.total(), l.extra, d, I(1) + 2, type(I(1) + 2).__name__, St("a").shout(), St("a") + "b", len(l), isinstance(St("x"), str), l == [1, 2, 3], {St("k"): 1}["k"])
class F(float): pass
print(F(1.5) * 2, type(F(1.5)).__name__, repr(F(2)))
