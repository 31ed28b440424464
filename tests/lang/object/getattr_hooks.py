# __getattr__, __getattribute__, __setattr__, __delattr__.


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


class G:
    x=1
    def __getattr__(s,n): return 'dyn_'+n if not n.startswith('z') else object.__getattribute__(s,n)
g=G(); t(lambda:g.x); t(lambda:g.foo); t(lambda:g.zed); t(lambda:hasattr(g,'zz')); t(lambda:getattr(g,'zz',5)); t(lambda: g.__nope__)
class H:
    def __getattribute__(s,n):
        if n=='secret': raise AttributeError('nope')
        return object.__getattribute__(s,n)
    def __getattr__(s,n): return 'fallback '+n
    def __setattr__(s,n,v): print('setattr',n,v); object.__setattr__(s,n,v)
    def __delattr__(s,n): print('delattr',n); object.__delattr__(s,n)
h=H(); h.a=1; t(lambda:h.a); del h.a; t(lambda:h.a); t(lambda:h.secret); t(lambda: delattr(h,'q'))
