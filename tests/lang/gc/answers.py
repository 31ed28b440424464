import gc, sys, weakref
# assorted collector comparisons with the reference
out=[]
gc.collect(); gc.disable()
class N: 
    def __init__(s,n): s.n=n
print(gc.is_tracked(1), gc.is_tracked([]), gc.is_tracked({}), gc.is_tracked({'a':1}), gc.is_tracked({'a':[]}), gc.is_tracked((1,2)), gc.is_tracked(N), gc.is_tracked(N(1)), gc.is_tracked(print), gc.is_tracked(''), gc.is_tracked(set()))
t=(1,(2,3)); gc.collect(); print(gc.is_tracked(t), gc.is_tracked(t[1]))
l=[]; l.append(l); 
print(l in gc.get_objects(0), any(o is l for o in gc.get_objects(generation=0)))
gc.collect(0); print(any(o is l for o in gc.get_objects(1)))
print([type(r).__name__ for r in gc.get_referrers(l)])
del l; print(gc.collect())
cb=[]
gc.callbacks.append(lambda p,i: cb.append((p,i['generation'],i['collected'])))
a=N(1); b=N(2); a.b=b; b.a=a; del a,b
gc.collect(1); gc.callbacks.clear(); print(cb)
gc.set_debug(gc.DEBUG_SAVEALL)
a=N(1); a.me=a; del a; gc.collect(); print(len(gc.garbage), gc.garbage[0].__class__.__name__); gc.garbage.clear(); gc.set_debug(0)
print(gc.get_threshold()); gc.set_threshold(100,5,5); print(gc.get_threshold()); gc.set_threshold(700,10,10)
for bad in (lambda: gc.collect(5), lambda: gc.get_objects(7), lambda: gc.get_objects(-2), lambda: gc.collect(generation='x')):
    try: bad()
    except Exception as e: print(type(e).__name__, e)
class R:
    def __del__(s): global saved; saved=s
r=R(); r.x=[r]; del r; print(gc.collect(), saved.x[0] is saved, gc.is_finalized(saved)); del saved; print(gc.collect())
# weakref callback order with gc
log=[]
class C: pass
x=C(); y=C(); x.y=y; y.x=x
r1=weakref.ref(x, lambda r: log.append('r1')); r2=weakref.ref(y, lambda r: log.append('r2')); r3=weakref.ref(x, lambda r: log.append('r3'))
del x,y; gc.collect(); print(log, r1(), r2())
# garbage weakref does not call
x=C(); x.me=x; x.r=weakref.ref(x, lambda r: log.append('never')); del x; gc.collect(); print(log)
gc.freeze(); print(gc.get_freeze_count()>0); gc.unfreeze(); print(gc.get_freeze_count())
print(sorted(gc.get_stats()[0]))
class S: __slots__=('a','__weakref__')
s=S(); s.a=s; w=weakref.ref(s); del s; print(w() is not None); gc.collect(); print(w())
def gen():
    try: yield 1
    finally: print('gen closed')
g=gen(); next(g); h=[g]; h.append(h); del g,h; print(gc.collect())
def f():
    e=None
    try: 1/0
    except Exception as ex: e=ex
    return None
f(); print(gc.collect() > 0)
print(sys.getrefcount(C()) )
