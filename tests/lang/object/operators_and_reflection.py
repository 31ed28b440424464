# Operators of a class, reflected and in place.


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


class N:
    def __init__(s,v): s.v=v
    def __add__(s,o): return ('add',s.v,getattr(o,'v',o)) if not isinstance(o,str) else NotImplemented
    def __radd__(s,o): return ('radd',s.v,o)
    def __eq__(s,o): return isinstance(o,N) and s.v==o.v
    def __lt__(s,o): return s.v<o.v
    def __iadd__(s,o): s.v+=o; return s
    def __pow__(s,o,m=None): return ('pow',o,m)
    def __rpow__(s,o): return ('rpow',o)
    def __neg__(s): return 'neg'
    def __abs__(s): return 'abs'
    def __index__(s): return s.v
    def __len__(s): return s.v
    def __getitem__(s,k): return k if not isinstance(k,int) or k<3 else (_ for _ in ()).throw(IndexError())
    def __setitem__(s,k,v): print('set',k,v)
    def __delitem__(s,k): print('del',k)
    def __contains__(s,x): return x==42
    def __call__(s,*a,**k): return (a,k)
    def __bool__(s): return s.v>0
    def __divmod__(s,o): return 'dm'
    def __matmul__(s,o): return 'mm'
    def __format__(s,spec): return 'fmt:'+spec
    def __reversed__(s): return iter([3,2,1])
n=N(2); m=N(3)
t(lambda:n+m); t(lambda:n+1); t(lambda:1+n); t(lambda:n+'x'); t(lambda:'x'+n); t(lambda: n==N(2)); t(lambda: n!=N(2)); t(lambda:n<m); t(lambda:n>m); t(lambda:n<=m); t(lambda:hash(n))
n+=5; t(lambda:n.v); t(lambda:n**2); t(lambda:2**n); t(lambda:pow(n,2,3)); t(lambda:-n); t(lambda:+n); t(lambda:~n); t(lambda:abs(n)); t(lambda:[1,2,3,4,5,6,7,8,9][n]); t(lambda:len(n)); t(lambda:n[1]); t(lambda:n['a']); t(lambda:n[1:2])
n[1]=2; del n[3]; t(lambda:42 in n); t(lambda:1 in n); t(lambda:n(1,2,a=3)); t(lambda:bool(N(0))); t(lambda:divmod(n,1)); t(lambda:n@m); t(lambda:f"{n:abc}"); t(lambda: list(n)); t(lambda:list(reversed(n))); t(lambda: n-1); t(lambda:n*2); t(lambda: n.__len__());  t(lambda: n.__add__(1))
class Sub(N):
    def __radd__(s,o): return 'subradd'
    def __gt__(s,o): return 'subgt'
t(lambda:N(1)+Sub(2)); t(lambda:N(1)<Sub(2)); t(lambda:Sub(1)+N(1))
