# __slots__, and attributes of types.


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


class S:
    __slots__=('a','__b')
    def __init__(s): s.a=1; s.__b=2
    def get(s): return s.__b
s=S(); t(lambda:s.a); t(lambda:s.get()); t(lambda:setattr(s,'z',1)); t(lambda:S._S__b); del s.a; t(lambda:s.a); t(lambda:hasattr(s,'__dict__')); t(lambda:hasattr(s,'__weakref__'))
class S2(S): pass
s2=S2(); s2.q=1; t(lambda:s2.__dict__); t(lambda:s2.a)
# class attrs
t(lambda:(S2.__name__,S2.__qualname__,S2.__module__,S2.__bases__,S2.__mro__)); S2.__name__='Zed'; t(lambda:S2); S2.__qualname__='Q.Zed'; t(lambda:S2); t(lambda:S.__subclasses__()); t(lambda: S2.mro()); t(lambda: int.__subclasses__()[0]); t(lambda:type(S2)('T',(S2,),{'x':1}).x); t(lambda: type.mro(int))
class An: x:int=1; y:'str'
t(lambda:An.__annotations__); t(lambda: S.__annotations__); t(lambda: int.__annotations__)
