"""cmath: every function on a grid of parts with zeros, infinities and nans, and its errors."""
import cmath
import math

inf, nan = math.inf, math.nan
PARTS = [0.0, -0.0, 1.0, -1.0, 0.5, -3.75, 5e-324, -1e160, 1.7e308, 709.5, -711.0, 1e17,
         inf, -inf, nan]
CONSTANTS = "pi e tau inf infj nan nanj".split()


def show(value):
    if isinstance(value, complex):
        return show(value.real) + " " + show(value.imag)
    if isinstance(value, float):
        return "nan" if value != value else value.hex()
    if isinstance(value, tuple):
        return ", ".join(map(show, value))
    return repr(value)


def call(name, *args, **named):
    try:
        result = show(getattr(cmath, name)(*args, **named))
    except Exception as error:
        result = type(error).__name__, str(error)
    print(name, show(args), named, result)


names = [name for name in dir(cmath) if not name.startswith("_")]
print(names)
for name in CONSTANTS:
    print(name, repr(getattr(cmath, name)))
for name in names:
    if name in CONSTANTS or name in ("isclose", "rect"):
        continue
    for x in PARTS:
        for y in PARTS:
            call(name, complex(x, y))
    for other in ("x", b"", None, 10**400, 3, True, []):
        call(name, other)
    call(name)
    call(name, 1, 2, 3)
for x in PARTS:
    for y in PARTS:
        call("rect", x, y)
        call("log", x, y)
        call("log", complex(x, y), complex(y, 1))
        call("isclose", x, complex(y, 0))
        call("isclose", complex(x, y), complex(y, x), rel_tol=0.5)
call("isclose", 1, 2, rel_tol=-1)
call("isclose", 1)
call("isclose", 1, 2, 3)
call("isclose", a=1, b=2)
call("isclose", 1, 1.5, abs_tol=0.5)
call("rect", 1j, 2)
call("rect", "a", 1)


class Complex:
    def __complex__(self):
        return 4j


class Float:
    def __float__(self):
        return 4.0


class Index:
    def __index__(self):
        return 4


class Bad:
    def __complex__(self):
        return 4


for kind in (Complex, Float, Index, Bad):
    try:
        print(cmath.sqrt(kind()))
    except Exception as error:
        print(type(error).__name__, error)
