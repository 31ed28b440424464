# compile() takes a tree of the module ast back: made by parse, changed, or made by hand.
import ast

PROGRAM = '''
import math as m
from collections import deque, OrderedDict as od
@decorate(1)
def f(a, /, b: int = 2, *args, c=3, d, **kw) -> str:
    "doc"
    global counter
    counter = [x + y for x in range(3) if x for y in (1, 2)] or {1: 2, **kw}
    return f"{a!r:>{b}} {c} {{}} " "tail", (lambda q, *r: q if r else -q)(1, 2)
class C(Base, key=1):
    x: int = 1
    (y): int
    async def g(self):
        async with a as b, c:
            async for i in x: yield (await i)
        else_ = [j async for j in k]
def gen():
    nonlocal_ = yield
    def inner():
        nonlocal nonlocal_
        nonlocal_ += 1
    got = yield from other()
    try:
        raise E from None
    except (A, B) as e: pass
    except: del a[1:2, ::3], b.c
    else: assert x, "msg"
    finally: print(*a, k=1, **b)
    while (n := n - 1) > 0 < 5 is not None not in z:
        if n: continue
        else: break
    else: pass
    try: pass
    except* E: pass
    match x:
        case 1 | -2.5 | "a" | None | 3+4j: pass
        case [a, *_, {"k": v, **rest}] if a: pass
        case P(1, x=Q.R) as whole: pass
        case _: return
'''
tree = ast.parse(PROGRAM)
code = compile(tree, "<tree>", "exec")
again = compile(PROGRAM, "<tree>", "exec")
print(code.co_names == again.co_names, code.co_firstlineno)


def answers(source, mode="eval"):
    return eval(compile(ast.parse(source, mode=mode), "<tree>", mode))


for source in ("1 + 2 * 3", "-5 ** 2", "10 ** 30", "'\\ud800' + 'x'", "b'ab'", "(1, (2, 'x'), 3.5, 2j)", "...",
               "[x for x in range(5) if x % 2]", "{'a': [1], **{'b': 2}}", "f'{3:>{4}}|{5!r}'", "1 < 2 < 3 != 4",
               "(lambda a, b=2, *, c: (a, b, c))(1, c=3)", "not True or None", "'abc'[1:]"):
    print(source, ascii(answers(source)))


class Doubler(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.copy_location(ast.Constant(node.value * 2), node)


print(eval(compile(ast.fix_missing_locations(Doubler().visit(ast.parse("1 + 20", mode="eval"))), "", "eval")))
for value in (-7, -(10 ** 20), 1 + 2j, (1, -2), "\ud800", -1.5, frozenset({1}), ((),)):
    made = ast.fix_missing_locations(ast.Expression(ast.Constant(value)))
    print(ascii(eval(compile(made, "<made>", "eval"))))
try:
    exec(compile(ast.parse("a = 1\nb = 2\n\nraise ValueError('here')"), "<tree>", "exec"))
except ValueError as e:
    print(e.__traceback__.tb_next.tb_lineno, e)


def refused(make, mode="exec"):
    try:
        tree = make()
        ast.fix_missing_locations(tree)
        compile(tree, "<bad>", mode)
        print("accepted")
    except Exception as e:
        print(type(e).__name__, e)


def statement(node):
    return lambda: ast.Module([node], [])


def expression(node):
    return lambda: ast.Module([ast.Expr(node)], [])


N, L, S = ast.Name, ast.Load(), ast.Store()
refused(lambda: ast.Expression(N("x", L)))
refused(lambda: ast.Module([ast.Pass()], []), "eval")
refused(expression(N("x", S)))
refused(expression(N("True", L)))
refused(expression(N(42, L)))
refused(expression(None))
refused(expression(ast.BoolOp(ast.And(), [N("x", L)])))
refused(expression(ast.Compare(N("x", L), [], [])))
refused(expression(ast.Dict([N("x", L)], [])))
refused(expression(ast.Constant([])))
refused(expression(ast.ListComp(N("x", L), [])))
refused(expression(ast.BinOp(N("x", L), 3, N("x", L))))
refused(statement(ast.Delete([])))
refused(statement(ast.Assign([N("x", L)], N("y", L))))
refused(statement(ast.Raise(None, N("x", L))))
refused(statement(ast.If(N("x", L), [], [])))
refused(statement(ast.Try([ast.Pass()], [], [], [])))
refused(statement(ast.Return(N("x", L))))
refused(statement(ast.Break()))
refused(statement(ast.Global([])))
refused(statement(ast.Expr()))
refused(statement(ast.ImportFrom("x", [ast.alias("y")], -1)))
refused(statement(3))
refused(lambda: ast.Module(ast.Pass(), []))
refused(expression(ast.Starred(N("x", L), L)))
