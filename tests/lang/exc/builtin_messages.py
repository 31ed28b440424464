import math
cases = ["[1][5]", "(1,)['a']", "{}['k']", "None.x", "None + 1", "None()", "int('x')", "'a'.foo", "len(None)", "[] < 3", "-'a'", "~1.5", "1 << -1", "'%d' % 'x'", "undefined", "math.sqrt(-1)", "[].index(1)", "next(iter([]))", "for_x", "abs()", "int(1, 2)", "'a' in 5", "5 in 'a'", "5 in 5", "x = 1", "range()", "[1, 2][None]", "object().x", "type('A', (), {})().foo", "print.x", "{1: 2}.x", "1 .real = 2", "(1).__class__.foo"]
for c in cases:
    try:
        print(c, "->", eval(c))
    except Exception as e:
        print(c, "->", type(e).__name__, e if not isinstance(e, SyntaxError) else "")
