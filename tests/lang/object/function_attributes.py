# Functions, code, cells, bound methods, builtins, modules, namespaces.
import sys, types


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


def f1(a): return a
def f2(a, b=2): return a, b
class A:
    def m(self, a): return a

def g(a:int,b:str='x',*,c=3)->int:
    "doc"
    return a
t(lambda: g.__name__); t(lambda: g.__doc__); t(lambda: g.__defaults__); t(lambda: g.__kwdefaults__); t(lambda: g.__annotations__); t(lambda: g.__code__.co_varnames); t(lambda: g.__code__.co_argcount); t(lambda: g.__code__.co_kwonlyargcount); t(lambda: g.__module__); t(lambda: g.__closure__); t(lambda: g.__dict__); g.attr=1; t(lambda: g.__dict__); t(lambda: g.attr); t(lambda: g.nope); t(lambda: g.__globals__ is globals()); t(lambda: g.__qualname__); g.__defaults__=(9,); t(lambda: g(1)); g.__defaults__=None; t(lambda: g(1,2)); t(lambda: g(1)); g.__name__='gg'; t(lambda: g.__name__); t(lambda: setattr(g,'__name__',1)); t(lambda: setattr(g,'__code__',1)); t(lambda: setattr(g,'__defaults__',1)); t(lambda: setattr(g,'__closure__',1)); t(lambda: setattr(g,'__dict__',1)); g.__code__=f2.__code__; t(lambda: g(5)); t(lambda: g(5,6))
F=type(g); t(lambda: F(f1.__code__,{})(3)); t(lambda: F(f1.__code__,{},'nm').__name__); t(lambda: F(1,{})); t(lambda: F()); t(lambda: F(f2.__code__,{},None,(7,))(1))
def mk():
    v=1
    def get(): return v
    def set(n):
        nonlocal v; v=n
    return get,set
ge,se=mk(); t(lambda: ge.__closure__[0].cell_contents); se(5); t(lambda: ge()); ge.__closure__[0].cell_contents=8; t(lambda: ge()); t(lambda: ge.__code__.co_freevars); t(lambda: mk.__code__.co_cellvars); t(lambda: mk.__code__.co_varnames); t(lambda: F(ge.__code__,{},None,None,ge.__closure__)()); t(lambda: F(ge.__code__,{}))
c=type(ge.__closure__[0]); t(lambda: c(3)==c(3)); t(lambda: c()<c(1)); t(lambda: c().cell_contents)
M=type(A().m); t(lambda: M(f1,3)()); t(lambda: M(f1,None)); t(lambda: M(3,3)); a=A(); t(lambda: a.m==a.m); t(lambda: a.m is a.m); t(lambda: a.m.__func__ is A.m); t(lambda: a.m.__self__ is a); t(lambda: a.m.__name__); t(lambda: hash(a.m)==hash(a.m)); t(lambda: a.m.foo); t(lambda: setattr(a.m,'foo',1)); t(lambda: {a.m:1}[a.m])
t(lambda: len.__name__); t(lambda: len.__module__); t(lambda: len.__self__); t(lambda: [].append.__self__); t(lambda: [].append.__qualname__); t(lambda: list.append.__qualname__); t(lambda: list.append.__objclass__); t(lambda: len==len); t(lambda: [].append==[].append); t(lambda: int.__add__.__name__); t(lambda: (5).__add__.__qualname__); t(lambda: (5).__add__.__self__); t(lambda: bool(list.append.__doc__)); t(lambda: int.real.__get__(5)); t(lambda: int.real.__name__); t(lambda: dict.fromkeys('ab')); t(lambda: dict.__dict__['fromkeys'].__get__(None,dict)('ab'))
m=types.ModuleType('mm','doc'); t(lambda: m); t(lambda: m.__doc__); m.x=1; t(lambda: m.x); t(lambda: m.y); t(lambda: sorted(m.__dict__)); t(lambda: dir(m)); m.__getattr__=lambda n: 'ga '+n; t(lambda: m.y); t(lambda: types.ModuleType()); t(lambda: types.ModuleType(1)); t(lambda: type(m)); t(lambda: delattr(m,'q')); t(lambda: setattr(m,'__dict__',{}))
ns=types.SimpleNamespace(a=1,b='x'); t(lambda: ns); t(lambda: ns==types.SimpleNamespace(a=1,b='x')); ns.c=ns; t(lambda: ns); t(lambda: types.SimpleNamespace(1)); t(lambda: ns.zz)
mp=types.MappingProxyType({'a':1}); t(lambda: mp); t(lambda: mp['a']); t(lambda: mp['b']); t(lambda: len(mp)); t(lambda: list(mp)); t(lambda: 'a' in mp); t(lambda: mp.get('z',3)); t(lambda: mp.keys()); t(lambda: mp|{'b':2}); t(lambda: setattr(mp,'x',1)); t(lambda: mp=={'a':1}); t(lambda: types.MappingProxyType([1])); t(lambda: list(mp.items()))
