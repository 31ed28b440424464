"""complex: literals, operators, comparison, text, construction."""
print(1j, -1j, 1 + 2j, 1 - 2j, -0.0 + 1j, complex(0, -0.0), 3.5j, 1e20 + 1e-5j, 0j, 2j ** 2)
a, b = 3 + 4j, 1 - 2j
print(a + b, a - b, a * b, a / b, a ** b, -a, +a, abs(a), a.conjugate(), a.real, a.imag)
print(a + 1, 1 + a, a * 2.5, 2.5 * a, a / 2, 2 / a, a ** 2, 2 ** a, a ** -1, a ** 0, a ** 0.5, 0j ** 0, a ** 101)
print(a == 3 + 4j, a != b, a == 3, 3 + 0j == 3, 3 == 3 + 0j, 3.0 == 3 + 0j, 10**30 == 1e30 + 0j, bool(0j), bool(1j))
print(hash(3 + 0j) == hash(3), hash(1j), hash(1.5 + 2.5j), {1: "one"}[1 + 0j])
for f in (lambda: a < b, lambda: a // b, lambda: a % b, lambda: divmod(a, b), lambda: int(a), lambda: float(a),
          lambda: a / 0, lambda: 0j ** -1, lambda: 0j ** 1j, lambda: pow(a, 2, 3), lambda: complex("x"),
          lambda: complex("1", 2), lambda: complex(1, "2"), lambda: complex([]), lambda: complex(1, []),
          lambda: round(a), lambda: a + "x", lambda: 1e308j ** 2, lambda: abs(complex(1e308, 1e308)),
          lambda: complex(1, 2, 3), lambda: a.real.foo, lambda: setattr(a, "real", 1)):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e)
for text in ("1", "1j", "-j", "+j", "j", "1+2j", " ( 1-2j ) ", "1e3+1e-3j", "inf", "-infj", "nan+nanj", "1_000j", "1.5", ".5j",
             "1 + 2j", "1+", "", "()", "1j+2", "1+2", "1+2k", "0x1", "(1"):
    try:
        print(repr(text), complex(text))
    except ValueError as e:
        print(repr(text), e)
print(complex(), complex(1), complex(1.5, 2), complex(1j, 1j), complex(imag=3), complex(real=2), complex(True))


class C:
    def __complex__(self):
        return 7 + 8j


class F:
    def __float__(self):
        return 2.5


class I:
    def __index__(self):
        return 4


class Sub(complex):
    extra = 1


print(complex(C()), complex(F()), complex(I()), complex(F(), I()), Sub(1, 2), type(Sub(1, 2) + 1), Sub(3).extra)
print(repr(Sub(1, 2)), complex(Sub(5, 6)), type(complex(Sub(1))))
for spec in ("", "f", ".2f", "+.1e", "20", "<20", "^20.3", "g", "G", ",.1f", "#g", ".3", "*^30", "d", "05", "=10", "%", "s"):
    try:
        print(repr(spec), "[" + format(a / 3, spec) + "]", "[" + format(2j, spec) + "]")
    except ValueError as e:
        print(repr(spec), e)
inf, nan = float("inf"), float("nan")
print(complex(inf, nan), complex(-inf, -0.0), complex(nan, inf), complex(nan, 1) == complex(nan, 1))
print(sum([1j, 2, 3.5]), sorted([2j, 1], key=abs), f"{a!r:>10}|{a:.1f}", (1 + 2j).__getnewargs__(), isinstance(1j, complex))
print(1j.__class__, bool(complex.__doc__), 1_0.5_0j, (5j).imag)
