# Everything a metaclass can take part in.


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


class Meta(type):
    def __new__(m,name,bases,ns,**k): print('new',name,sorted(k)); return super().__new__(m,name,bases,ns)
    def __init__(c,name,bases,ns,**k): print('init',name); super().__init__(name,bases,ns)
    def __call__(c,*a,**k): print('call',a); return super().__call__(*a,**k)
    @classmethod
    def __prepare__(m,name,bases,**k): print('prepare',name,k); return {'pre':1}
    def __getattr__(c,n): return 'meta '+n
    def __instancecheck__(c,o): return o==5
    def __subclasscheck__(c,o): return o is int
    def __iter__(c): return iter('abc')
    def __len__(c): return 7
    def __getitem__(c,k): return 'mg',k
    def __repr__(c): return '<Meta %s>'%c.__name__
    prop=property(lambda c:'mp '+c.__name__)
class MC(metaclass=Meta,opt=1):
    def __init__(s,x=0): s.x=x
t(lambda:MC(3).x); t(lambda:MC.pre); t(lambda:MC.zzz); t(lambda:isinstance(5,MC)); t(lambda:isinstance(MC(),MC)); t(lambda:issubclass(int,MC)); t(lambda:list(MC)); t(lambda:len(MC)); t(lambda:MC['q']); t(lambda:MC); t(lambda:MC.prop); t(lambda:type(MC)); t(lambda: MC.__class__)
class MD(MC): pass
t(lambda:MD.__mro__)
