# Properties and what their errors say.


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


class P:
    @property
    def a(s): "doc a"; return s._a
    @a.setter
    def a(s,v): s._a=v
    @a.deleter
    def a(s): del s._a
    @property
    def ro(s): return 1
    wo=property(None,lambda s,v: print('wo',v))
p=P(); p.a=3; t(lambda:p.a); del p.a; t(lambda:p.a); t(lambda:setattr(p,'ro',2)); t(lambda:delattr(p,'ro')); p.wo=5; t(lambda:p.wo); t(lambda:P.a.__doc__); t(lambda: P.a.fget.__name__); t(lambda: property().__get__(1)); t(lambda: type(P.ro))
