# stderr: whole
import sys
def show(f,*a):
    try: f(*a)
    except BaseException as e: sys.__excepthook__(type(e), e, e.__traceback__)
class A:
    def __getattr__(s,n): raise AttributeError("no "+n)
def a1(): A().b.c.d
def a2(x): return [i/0
     for i in x]
def a3(): return (1 +
      2 + None)
def a4():
	x = {"a":1}; return x["b"]+1
def a5(): raise
def a6(): raise ValueError
def a8(): assert 1 == 2, "msg"
def a9(): import nosuchmodule
def a10(): from sys import nosuch
def a11(): int("x")
def a12(): open("/nonexistent/file")
def a13():
    try:
        try: 1/0
        finally: undefined_name
    except NameError as e:
        raise RuntimeError("r") from None
def a14(n):
    if n: return a14(n-1)
    raise ValueError("é\nmulti")
def a15():
    class E(Exception):
        def __str__(s): 1/0
    raise E
def a16():
    e=ValueError("x"); e.add_note("n1"); e.add_note("é2\nl2"); e.__notes__.append(3); raise e
def a17(): lambda: 0; (lambda x: x.y)(1)
def a18(): sorted([1,"a"])
def a19():
    for a,b in [(1,2,3)]: pass
def a20(): f"{undefined!r}"
def a21(): "abc" "def".nope
def a22(): x = 1; x += "a"
def a23(): print(1 if 1/0 else 2, 3)
def a24(): [1,2,3][10]; 
def a25(): -"a"
def a26(): a6(1, 2)
def a27(): a6(**{'z':1})
def a28():
    with open("/nonexistent") as f: pass
def a29(): exec("1+")
def a30(): exec("def f(:\n pass")
def a31(): exec("if 1:\nx=1")
def a32(): compile("x = (1,\n\n", "somefile", "exec")
def a33(): exec("  x=1\n y=2")
def a34(): raise SystemExit(3)
def a35(): raise ExceptionSub("q")
class ExceptionSub(Exception): pass
def a36(): raise OSError(2, "m", "f1", None, "f2")
def a37(): raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")
def a38(): "\ud800".encode()
def a39(): b"\xff".decode()
def a40(): raise SyntaxError("m", ("f.py", 3, 5, "abc def ghi\n", 3, 8))
def a41(): x: int = "a" + 1 * 2
def a42(): return {}["a"]["b"]
for f in (a1,a3,a4,a5,a6,a8,a9,a10,a11,a12,a13,a15,a16,a17,a18,a19,a20,a21,a22,a23,a24,a25,a26,a27,a28,a29,a30,a31,a32,a33,a34,a35,a36,a37,a38,a39,a40,a41,a42): print('--',f.__name__,file=sys.stderr); show(f)
show(a2,[1]); show(a14,10); show(a14, 2)
