# Dunder methods that answer with the wrong type, or are None.


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


class Bad:
    def __len__(s): return -1
    def __bool__(s): return 3
    def __hash__(s): return 'x'
    def __repr__(s): return 1
    def __str__(s): return 2
    def __iter__(s): return 1
    def __index__(s): return 'a'
    def __contains__(s,x): return 'yes'
    def __init__(s): pass
    def __eq__(s,o): raise ValueError('eq')
    def __format__(s, x): return 1
b=Bad()
for f in (len,bool,hash,repr,str,iter,lambda x:[1][x],lambda x: 1 in x,lambda x:x==1,lambda x:[x]==[1], lambda x: x in [1], lambda x: format(x,''), lambda x: range(x)): t(lambda:f(b))
class Bad2:
    def __init__(s): return 1
    __hash__=None
    __iter__=None
    __contains__=None
t(Bad2)
class Bad3(Bad2):
    def __init__(s): pass
b=Bad3(); t(lambda:hash(b)); t(lambda: iter(b)); t(lambda: 1 in b); t(lambda: {b:1})
