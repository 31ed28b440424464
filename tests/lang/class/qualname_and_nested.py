class A:
    class B:
        def m(self): pass
    def f(self):
        def g(): pass
        return g
print(A.B.__qualname__, A.B.m.__qualname__, A().f().__qualname__, A.B().m.__func__ is A.B.m, repr(A.f).split(" at ")[0], repr(A().f).split(" at ")[0])
