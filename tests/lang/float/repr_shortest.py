for x in (0.1, 1 / 3, 1e16, 1e22, 1e23, 123456789.123, 5e-324, 1.7976931348623157e308, -0.0, 100.0, 1e-5, 0.0001):
    print(x, repr(x))
print(float("inf"), -float("inf"), float("nan"))
