# Subclasses of int, str, list ... with attributes and overridden methods.


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


for b,arg in ((int,5),(str,'s'),(list,[1]),(dict,{'a':1}),(tuple,(1,2)),(set,{1}),(float,1.5),(bytes,b'x'),(frozenset,{1})):
    C=type('C',(b,),{'m':lambda s:'m'})
    c=C(arg); c.x=1; c.y=2; t(lambda:(c,c.x,c.m(),c==b(arg),type(c).__name__,c.__dict__, hash(c)==hash(b(arg)) if b not in (list,dict,set) else None)); del c.x; t(lambda: c.__dict__)
class Ex(Exception):
    def __init__(s,a): super().__init__(a); s.extra=a
e=Ex(3); t(lambda:(e,e.extra,e.args,e.__dict__)); t(lambda: str(e))
class TI(tuple):
    def __new__(c,*a): return super().__new__(c,a)
t(lambda: TI(1,2,3)); 
class SI(str):
    def __new__(c,v): o=super().__new__(c,v.upper()); o.orig=v; return o
t(lambda:(SI('ab'),SI('ab').orig)); 
class DD(dict):
    def __missing__(s,k): return 'miss',k
t(lambda: DD(a=1)['b'])
class LL(list):
    def __getitem__(s,i): return 'gi',i
    def __len__(s): return 99
    def __iter__(s): return iter('zz')
    def append(s,x): super().append(x*2)
l=LL([1]); l.append(5); t(lambda: (l[0],len(l),list(l),list.__len__(l), list.__getitem__(l,1)))
class IntSub(int):
    def __add__(s,o): return IntSub(int(s)+int(o))
    def __repr__(s): return 'IS(%d)'%int(s)
t(lambda: IntSub(3)+4); t(lambda: 4+IntSub(3)); t(lambda: sum([IntSub(1),IntSub(2)],IntSub(0)))
