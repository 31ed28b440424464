class A:
    @classmethod
    def f(cls): return "A" + cls.__name__
    @staticmethod
    def s(): return "static"
    @property
    def p(self): return "p"
class B(A):
    @classmethod
    def f(cls): return "B" + super().f()
    @property
    def p(self): return super().p + "B"
    def g(self): return __class__.__name__
print(B.f(), B().f(), B().p, B().g(), super(B, B).f())
try:
    super().x
except RuntimeError as e:
    print(e)
