# mro(), layout of slots, __new__ and __init__.
class Many: pass


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


class Mm(type):
    def mro(cls): return super().mro()[:-1]+[object]
class UseM(metaclass=Mm): pass
t(lambda: UseM.__mro__)
class Multi(int,metaclass=type): pass
class P1: __slots__=('a',)
class P2: __slots__=('b',)
def bad():
    class X(P1,P2): pass
t(bad)
class P3(P1): __slots__=()
class P4(P3,Many): pass
p=P4(); p.a=1; p.zz=2; t(lambda:(p.a,p.zz,p.__dict__))
class Kw:
    def __new__(c,*a,**k): o=super().__new__(c); o.k=k; return o
    def __init__(s,*a,**k): s.a=a
t(lambda: (Kw(1,x=2).k,Kw(1,x=2).a))
class NewOther:
    def __new__(c): return 5
    def __init__(s): print('never')
t(NewOther)
class NewOnly:
    def __new__(c,a): return object.__new__(c)
t(lambda: type(NewOnly(1))); t(lambda: NewOnly())
t(lambda: object.__new__(NewOnly,1,2)); 
class InitOnly:
    def __init__(s,a): pass
t(lambda: object.__new__(InitOnly,1,2) is not None)
