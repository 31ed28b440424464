"""Digits of pi by a spigot of rational transformations: integers that grow."""


def digits():
    q, r, t, k = 1, 0, 1, 1
    while True:
        n = (3 * q + r) // t
        if (4 * q + r) // t == n:
            yield n
            q, r = 10 * q, 10 * (r - n * t)
        else:
            q, r, t, k = k * q, (2 * q + r) * (2 * k + 1), t * (2 * k + 1), k + 1


source = digits()
text = "".join(str(next(source)) for _ in range(1600))
print(text[:40], text[-20:], sum(map(int, text)))
