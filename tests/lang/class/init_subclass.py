class Base:
    registry = []
    def __init_subclass__(cls, /, name=None, **kw):
        super().__init_subclass__(**kw)
        Base.registry.append((cls.__name__, name))
class A(Base, name="a"): pass
class B(A): pass
print(Base.registry)
try:
    class C(Base, foo=1): pass
except TypeError as e:
    print(e)
