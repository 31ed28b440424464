def f(n):
    r = 1
    for i in range(2, n + 1):
        r *= i
    return r
print(f(50), f(30) // f(28), sum(int(c) for c in str(f(100))))
