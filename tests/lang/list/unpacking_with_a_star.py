"""Star assignment from lists, tuples and what only looks like them, and the sizes of the lists it makes."""
import sys
for T in (list,tuple):
    for n in range(0,20):
        for shape in ("*a,","a,*b","*a,b","a,*b,c","a,b,*c,d,e"):
            try:
                ns={}
                exec(f"{shape} = x", {"x":T(range(n))}, ns)
                print(T,n,shape,ns,[sys.getsizeof(v) for v in ns.values() if isinstance(v,list)])
            except ValueError as e: print(e)
class L(list):
    def __iter__(self): return iter("xyz")
a,*b=L([1,2]); print(a,b)
x=[1,2,3]; x,*x=x; print(x)
x=[1,2,3]; *x,y=x; print(x,y)
