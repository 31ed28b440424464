"""One attribute access sees instances with values of their class and instances with a dict."""
import pickle
class Base:
    buf = None
    @property
    def p(self): return self.buf
class A(Base):
    def __init__(self, v): self.buf = v
def mk(i):
    a=A(i)
    return a.p, a.buf
for i in range(10): assert mk(i)==(i,i)
a=A(1)
def step(name, f):
    f()
    for i in range(40):
        r=mk(i)
        if r!=(i,i): print("BAD after", name, r); raise SystemExit
step("dict", lambda: A(1).__dict__)
def upd():
    b=A.__new__(A); b.__dict__.update({'buf':5,'z':1}); assert b.p==5, b.p
step("update", upd)
def upd2():
    b=A.__new__(A); d=b.__dict__; d['buf']=7; assert b.p==7, b.p
step("setitem", upd2)
def st():
    b=A.__new__(A); b.__dict__={'buf':6}; assert b.p==6
step("assign", st)
def pk():
    b=A(5); b.foo=42; c=pickle.loads(pickle.dumps(b)); assert c.p==5 and c.foo==42
for k in range(5): step("pickle", pk)
def sub():
    class S(A):
        def __init__(self): self.x=1; super().__init__(3)
    s=S(); assert s.p==3
    s.__dict__; assert s.p==3; del s.buf; assert s.p is None; s.buf=4; assert s.p==4
for k in range(5): step("sub", sub)
def ca():
    class T(Base): pass
    t=T(); t.__class__=A; t.buf=3; assert t.p==3
for k in range(5): step("class", ca)
def em():
    b=A.__new__(A); assert b.p is None and b.buf is None
for k in range(5): step("empty", em)
def dl():
    b=A(1); del b.buf; assert b.p is None; b.buf=2; assert b.p==2
for k in range(5): step("del", dl)
def many():
    b=A(1)
    for i in range(50): setattr(b,'x%d'%i,i)
    assert b.p==1
for k in range(5): step("many", many)
print("ok")
