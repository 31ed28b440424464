def t(x):
    print("eval", x, end=" ")
    return x
def f(*a, **k):
    return a, k
print(f(t(1), t(2), *[t(3)], k=t(4)))
d = {t("a"): t(1), t("b"): t(2)}
x = [0, 0]
x[t(0)], x[t(1)] = t(5), t(6)
print(t(1) + t(2) * t(3), t(1) < t(2) < t(0) < t(9), t(0) and t(1) or t(2))
