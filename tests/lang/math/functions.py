import math
print(math.sqrt(2), math.floor(-2.5), math.ceil(2.1), math.trunc(-2.7), math.gcd(12, 18), math.lcm(4, 6), math.factorial(20), math.comb(10, 3), math.perm(5, 2), math.isqrt(10 ** 20))
print(math.pi, math.e, math.inf, math.isnan(math.nan), math.isclose(0.1 + 0.2, 0.3), math.hypot(3, 4), math.log(8, 2), math.log2(1024), math.log10(1000), math.exp(1), math.fsum([0.1] * 10), math.prod([1, 2, 3]))
print(math.sin(1), math.cos(1), math.atan2(1, 2), math.degrees(math.pi), math.copysign(1, -0.0), math.frexp(8.5), math.ldexp(0.5, 4), math.modf(2.5), math.fmod(-7, 3), math.remainder(7, 3), math.dist((0, 0), (3, 4)))
for f in (lambda: math.sqrt(-1), lambda: math.log(0), lambda: math.factorial(-1), lambda: math.exp(1000), lambda: math.floor("x"), lambda: math.gcd(1.5)):
    try:
        f()
    except Exception as e:
        print(type(e).__name__, e)
