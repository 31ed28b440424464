"""ExceptionGroup: construction, split, subgroup, derive, and except*."""
import sys

print(BaseExceptionGroup.__mro__, ExceptionGroup.__mro__)
e = ExceptionGroup("msg", [ValueError(1), TypeError("t")])
print(e, repr(e), e.message, e.exceptions, e.args)
print(type(BaseExceptionGroup("b", [ValueError(1)])).__name__,
      type(BaseExceptionGroup("b", [KeyboardInterrupt()])).__name__)
for args in ((), ("m",), (1, [ValueError()]), ("m", 5), ("m", []), ("m", [1]), ("m", [ValueError(), KeyboardInterrupt]),
             ("m", {1: 2}), ("m", (x for x in [ValueError()]))):
    try:
        print(repr(ExceptionGroup(*args)))
    except (TypeError, ValueError) as err:
        print(type(err).__name__, err)
try:
    ExceptionGroup("m", [KeyboardInterrupt()])
except TypeError as err:
    print(err)


class Mine(ExceptionGroup):
    def derive(self, excs):
        return Mine("derived " + self.message, excs)


tree = Mine("tree", [ValueError(1), ExceptionGroup("inner", [TypeError(2), ValueError(3)]), OSError(4)])
tree.add_note("a note")
match, rest = tree.split(ValueError)
print(repr(match))
print(repr(rest))
print(match.__notes__, rest.__notes__, match.__notes__ is not tree.__notes__)
print(repr(tree.subgroup((TypeError, OSError))), tree.subgroup(KeyError))
print(repr(tree.subgroup(lambda x: isinstance(x, TypeError))), tree.split(lambda x: True))
for bad in (5, "x", (ValueError, 5)):
    try:
        tree.split(bad)
    except TypeError as err:
        print(err)


def handle(exc):
    try:
        try:
            raise exc
        except* ValueError as v:
            print("value", repr(v), sys.exc_info()[1] is v)
        except* (TypeError, KeyError) as t:
            print("type", repr(t))
        else:
            print("else")
        finally:
            print("finally", sys.exc_info()[:2])
    except BaseException as left:
        print("left", repr(left), repr(left.__context__), repr(left.__cause__))
    try:
        v
    except UnboundLocalError as u:
        print(u)
    print(sys.exc_info())


handle(ExceptionGroup("g", [ValueError(1), TypeError(2)]))
handle(ExceptionGroup("g", [ValueError(1), OSError(2), ExceptionGroup("h", [KeyError(3), OSError(4)])]))
handle(ValueError("naked"))
handle(OSError("unhandled"))


def nothing_raised():
    try:
        pass
    except* ValueError:
        print("no")
    else:
        print("else")


nothing_raised()


def raising():
    try:
        try:
            raise ExceptionGroup("g", [ValueError(1), TypeError(2), OSError(3)])
        except* ValueError as v:
            raise KeyError("new")
        except* TypeError:
            raise
    except BaseException as e:
        print(repr(e), [repr(x) for x in e.exceptions])
        print(repr(e.exceptions[0].__context__) if e.exceptions else None)


raising()


def one():
    try:
        try:
            raise ExceptionGroup("g", [ValueError(1)])
        except* ValueError as v:
            raise KeyError("only") from v
    except BaseException as e:
        print(repr(e), repr(e.__cause__), repr(e.__context__))


one()


def bad_types():
    for kind in (ExceptionGroup, 5, (ValueError, BaseExceptionGroup)):
        try:
            try:
                raise ValueError(1)
            except* kind:
                print("caught")
        except TypeError as e:
            print(e)


bad_types()


def loops():
    out = []
    try:
        raise ExceptionGroup("g", [ValueError(i) for i in range(3)])
    except* ValueError as g:
        for x in g.exceptions:
            if x.args[0] == 1:
                continue
            out.append(x.args[0])
    return out


print(loops())
for source in ("def f():\n try: pass\n except* V: return 1", "for x in y:\n try: pass\n except* V: break",
               "for x in y:\n try: pass\n except* V: continue", "try: pass\nexcept* V: pass\nexcept W: pass",
               "try: pass\nexcept*: pass"):
    try:
        compile(source, "s", "exec")
    except SyntaxError as e:
        print(e.msg)


def generator():
    try:
        yield 1
    except* ValueError as g:
        yield g.exceptions
        print("again", sys.exc_info()[1])
    yield 3


g = generator()
next(g)
print(g.throw(ValueError("in")), next(g))
print(ExceptionGroup[int])
