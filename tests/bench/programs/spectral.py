def a(i, j):
    return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)


def times(u, n):
    return [sum([a(i, j) * u[j] for j in range(n)]) for i in range(n)]


def times_transposed(u, n):
    return [sum([a(j, i) * u[j] for j in range(n)]) for i in range(n)]


n = 200
u = [1.0] * n
for _ in range(4):
    v = times_transposed(times(u, n), n)
    u = times_transposed(times(v, n), n)
vbv = vv = 0.0
for x, y in zip(u, v):
    vbv += x * y
    vv += y * y
print("%.9f" % (vbv / vv) ** 0.5)
