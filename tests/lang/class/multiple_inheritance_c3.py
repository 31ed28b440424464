class O: pass
class A(O):
    def m(self): return ["A"] + (super().m() if hasattr(super(), "m") else [])
class B(O):
    def m(self): return ["B"] + (super().m() if hasattr(super(), "m") else [])
class C(A, B):
    def m(self): return ["C"] + super().m()
class D(B): pass
class E(C, D): pass
print(E().m(), [k.__name__ for k in E.__mro__])
try:
    class X(A, O, B): pass
    class Y(O, A): pass
except TypeError as e:
    print(e)
try:
    class Z(A, A): pass
except TypeError as e:
    print(e)
