# Source that is compiled at run time has the __future__ imports of the code that compiles it.
from __future__ import annotations

import __future__
import ast

SOURCE = "def f(a: int, b: Nowhere = 1) -> str: pass\nclass C:\n    x: Nowhere\nr = f.__annotations__, C.__annotations__"


def run(code):
    names = {}
    try:
        exec(code, names)
        print(names["r"])
    except Exception as error:
        print(type(error).__name__, error)


ANNOTATIONS = __future__.annotations.compiler_flag
run(SOURCE)
run(compile(SOURCE, "f", "exec"))
run(compile(SOURCE, "f", "exec", dont_inherit=True))
run(compile(SOURCE, "f", "exec", flags=ANNOTATIONS, dont_inherit=True))
run(compile(ast.parse(SOURCE), "f", "exec"))
run(compile(ast.parse(SOURCE), "f", "exec", 0, True))


def braces(a: f"x { {1, 2} } { {1: 2}[1] } { {x for x in y}!r:>{ {w} }} {a!r:>{w}} {{"):
    pass


print(braces.__annotations__)
print(eval("lambda: (yield)").__code__.co_flags & ANNOTATIONS != 0, run.__code__.co_flags & ANNOTATIONS != 0)
print(compile("0", "f", "eval", 0, True).co_flags & ANNOTATIONS)
for name in __future__.all_feature_names:
    code = compile("1 + 1", "f", "eval", getattr(__future__, name).compiler_flag)
    print(name, eval(code))
for arguments in ((1 << 30,), ("x",), (0, 0, 3), (0, 0, -2), (0, 0, "x"), (1 << 70,)):
    try:
        compile("0", "f", "eval", *arguments)
    except Exception as error:
        print(type(error).__name__, error)
for mode in ("what", 3):
    try:
        compile("0", "f", mode)
    except Exception as error:
        print(type(error).__name__, error)
