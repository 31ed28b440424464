# A negative number to a fractional power is complex, whichever way it is asked for.
for base, exponent in ((-8, 1 / 3), (-8.0, 2.5), (-1, 0.5), (-2.0, -0.5), (-0.0, 0.5), (-4.0, 2.0)):
    print(base**exponent, pow(base, exponent), float(base).__pow__(exponent), exponent.__rpow__(base))


class Real(float):
    pass


print(Real(-8) ** Real(0.5), type(Real(-8) ** 0.5).__name__)
print((-float("inf")) ** 0.5, (-1.0) ** float("inf"))
for hopeless in (lambda: (-1e300) ** 1.5, lambda: 0.0**-1, lambda: pow(-1.0, 0.5, 3)):
    try:
        print(hopeless())
    except (OverflowError, ZeroDivisionError, TypeError) as error:
        print(type(error).__name__, error)
