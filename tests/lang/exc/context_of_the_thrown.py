# What a generator has thrown into it keeps its context, but for what the generator was handling itself.
from contextlib import contextmanager, ExitStack
@contextmanager
def right(exc):
    try: yield
    finally: raise exc
e=[Exception(i) for i in range(5)]
try:
    with ExitStack() as s:
        s.enter_context(right(e[4])); s.enter_context(right(e[3])); s.enter_context(right(e[2]))
        raise e[1]
except Exception as x:
    n=0
    while x is not None and n<8: print(x); x=x.__context__; n+=1
def g(exc):
    try: yield
    finally: raise exc
def h(exc):
    try: yield
    except Exception as q:
        print("caught", q, q.__context__); raise exc
for f in (g,h):
    a,b,c=Exception("a"),Exception("b"),Exception("c"); a.__context__=c
    try:
        raise KeyError("outer")
    except KeyError:
        it=f(b); next(it)
        try: it.throw(a)
        except Exception as x: print(x, x.__context__, x.__context__.__context__, x.__context__.__context__.__context__)
def suspended():
    try: raise KeyError("inner")
    except KeyError:
        try: yield 1
        except Exception as q: print("in", q, repr(q.__context__)); raise
for given in (ValueError, ValueError("v"), KeyError("k")):
    for outside in (False, True):
        it=suspended(); next(it)
        try:
            if outside:
                try: raise TypeError("caller")
                except TypeError: it.throw(given)
            else: it.throw(given)
        except Exception as x: print(repr(x), repr(x.__context__), repr(x.__context__ and x.__context__.__context__))
def plain():
    yield 1
for given in (ValueError, ValueError("v")):
    it=plain(); next(it)
    try:
        try: raise TypeError("caller")
        except TypeError: it.throw(given)
    except Exception as x: print(repr(x), repr(x.__context__))
    it=plain()
    try:
        try: raise TypeError("caller")
        except TypeError: it.throw(given)
    except Exception as x: print(repr(x), repr(x.__context__))
    it=plain(); list(it)
    try:
        try: raise TypeError("caller")
        except TypeError: it.throw(given)
    except Exception as x: print(repr(x), repr(x.__context__))
def outer():
    try: raise OSError("o")
    except OSError: yield from suspended()
it=outer(); next(it)
try: it.throw(ValueError("v"))
except Exception as x:
    while x: print(repr(x)); x=x.__context__
def closes():
    try: yield
    except GeneratorExit as q: print(repr(q.__context__)); raise
try: raise KeyError
except KeyError:
    c=closes(); next(c); c.close()
import asyncio
async def co():
    try: await asyncio.sleep(9)
    except asyncio.CancelledError as q: print("cancel", repr(q.__context__)); raise
async def main():
    t=asyncio.create_task(co()); await asyncio.sleep(0)
    try: raise KeyError("m")
    except KeyError:
        t.cancel()
        try: await t
        except asyncio.CancelledError as q: print(repr(q.__context__))
asyncio.run(main())
async def ag():
    try: yield 1
    finally: print("fin")
async def main2():
    a=ag(); await a.asend(None)
    try: raise KeyError("m")
    except KeyError:
        try: await a.athrow(ValueError("x"))
        except ValueError as q: print(repr(q.__context__))
asyncio.run(main2())
