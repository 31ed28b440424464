if (n := 10) > 5:
    print(n)
print([y := 5, y ** 2], [last := v for v in range(4)], last, (a := 1) + (a := 2), a)
it = iter("ab")
while (line := next(it, None)) is not None:
    print(line)
def f():
    return [w := i * i for i in range(3)], w
print(f())
x = 1
print(x + (x := 5), x, [x, (x := x + 1), x])
