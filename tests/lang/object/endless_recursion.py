# Recursion in Python code, repr, comparison and calls ends in an exception.


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


def rec(n): return rec(n+1)
t(lambda: rec(0))
class R:
    def __repr__(s): return repr(s)
t(lambda: repr(R()))
class RA:
    def __getattr__(s,n): return getattr(s,n+'x')
t(lambda: RA().q)
l=[]; l.append(l); t(lambda: l); t(lambda: l==l); l2=[]; l2.append(l2); t(lambda: l==l2)
class CallMe: pass
CallMe.__call__=CallMe()
t(lambda: CallMe()())
