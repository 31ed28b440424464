a = [1, 2]
b = a
a += [3]
print(a is b, b, a + [4], a * 2, 2 * a, a == [1, 2, 3], a < [1, 2, 4], [1, 2] < [1, 2, 0], [] < [0], 2 in a, a != b)
a *= 2
print(a, b)
for f in (lambda: [1] + (2,), lambda: [1] * "x", lambda: [1] < 1, lambda: [1]["x"], lambda: [1][5]):
    try:
        f()
    except (TypeError, IndexError) as e:
        print(e)
