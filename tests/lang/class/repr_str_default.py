class A: pass
class B:
    def __repr__(self): return "B!"
class C:
    def __str__(self): return "C str"
class D:
    def __repr__(self): return 5
print(repr(A())[:20], str(B()), [B()], str(C()), f"{B()}", "%s %r" % (C(), B()))
try:
    repr(D())
except TypeError as e:
    print(e)
print(A, A().__class__, type(A()))
